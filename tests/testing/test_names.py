from __future__ import annotations

import pytest

import connector
import connector.testing
from tests.support.outside import run_python


@pytest.mark.parametrize("package", [connector, connector.testing], ids=lambda package: package.__name__)
def test_every_public_name_exists_and_is_listed(package: object) -> None:
    names = package.__all__  # type: ignore[attr-defined]

    assert all(getattr(package, name) is not None for name in names)
    assert set(names) <= set(dir(package))


def test_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'connector' has no attribute 'Compnent'"):
        _ = connector.Compnent  # type: ignore[attr-defined]


def test_importing_the_package_imports_no_library() -> None:
    heavy = "{'requests', 'pydantic', 'pluggy', 'jsonpath_ng', 'rich', 'click', 'pytest', 'responses', 'starlette'}"

    assert run_python(f"import sys, connector, connector.testing; print({heavy} & sys.modules.keys())") == "set()"


def test_harness_and_the_contract_import_neither_pytest_nor_responses() -> None:
    program = "import sys; from connector.testing import *; print({'pytest', 'responses'} & sys.modules.keys())"

    assert run_python(program) == "set()"


def test_modules_of_errors_and_tests_are_attributes() -> None:
    program = "import connector; print(connector.errors.InputError.__name__, connector.testing.Harness.__name__)"

    assert run_python(program) == "InputError Harness"


def test_name_is_the_same_object_each_time() -> None:
    assert run_python("import connector as c; print(c.Runner is c.Runner, 'Runner' in vars(c))") == "True True"
