"""How the values that callers and flows send are read."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import MISSING, BaseModel, ConfigDict, Field

import connector
from connector import Input, Inputs, PathSegment
from connector.common.text import did_you_mean
from connector.errors import InputError
from tests.support.amount import amount

Id = Annotated[str, Field(min_length=1, max_length=255), PathSegment, Input(label="Thing ID")]
Name = Annotated[str, Input(label="Name", comments="Shown to people.")]
Flag = Annotated[bool, Input(label="Flag", type="boolean")]
Pairs = Annotated[dict[str, Any], Input(label="Pairs", collection="keyvaluelist", secret=True)]
Numbers = Annotated[list[int], Input(label="Numbers", type="code", language="json")]
Words = Annotated[list[str], Input(label="Words", collection="valuelist")]
Count = Annotated[int, Field(ge=1, le=1000), Input(label="Count")]
Color = Annotated[Literal["red", "blue"], Input(label="Color", choices={"red": "Red", "blue": "Blue"})]


class Thing(Inputs):
    sample_prefix = "000xxx"

    thing_id: Id
    name: Name | MISSING | None = MISSING
    flag: Flag | MISSING = MISSING
    pairs: Pairs | MISSING = MISSING
    numbers: Numbers | MISSING = MISSING
    words: Words | MISSING = MISSING
    count: Count | MISSING = MISSING
    color: Color | MISSING = MISSING


class NeedsPairs(Inputs):
    pairs: Pairs


def read(**given_inputs: Any) -> dict[str, Any]:
    fields = Thing.from_values({"thingId": "t", **given_inputs}).model_dump()
    assert fields.pop("thingId") == "t"
    return fields


def problems(**given_inputs: Any) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        Thing.from_values({"thingId": "t", **given_inputs})
    return {problem.location: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize("text", ["true", "True", "1", "yes", True])
def test_true_comes_in_several_spellings(text: Any) -> None:
    assert read(flag=text) == {"flag": True}


@pytest.mark.parametrize("text", ["false", "0", "no", False])
def test_false_comes_in_several_spellings(text: Any) -> None:
    assert read(flag=text) == {"flag": False}


def test_numbers_come_as_text() -> None:
    assert read(count="50") == {"count": 50}


def test_number_for_a_text_is_its_text() -> None:
    assert Thing.from_values({"thingId": 42}).thing_id == "42"


def test_json_comes_as_text() -> None:
    assert read(numbers="[1, 2]", pairs='{"a": {"b": null}}') == {"numbers": [1, 2], "pairs": {"a": {"b": None}}}


def test_json_comes_natively() -> None:
    assert read(numbers=[1, 2], pairs={"a": [1]}) == {"numbers": [1, 2], "pairs": {"a": [1]}}


def test_object_comes_as_key_value_pairs() -> None:
    assert read(pairs=[{"key": "a", "value": "1"}, {"key": "b", "value": {"c": 2}}]) == {
        "pairs": {"a": "1", "b": {"c": 2}}
    }


def test_empty_row_of_a_key_value_list_is_skipped() -> None:
    assert read(pairs=[{"key": "", "value": ""}, {"key": "a", "value": ""}]) == {"pairs": {"a": ""}}


def test_one_text_for_a_list_is_a_list_of_it() -> None:
    assert read(words="one, with comma") == {"words": ["one, with comma"]}


@pytest.mark.parametrize("key", ["name", "flag", "pairs", "numbers", "words", "count", "color"])
def test_empty_string_is_not_set(key: str) -> None:
    assert read(**{key: ""}) == {}


@pytest.mark.parametrize("key", ["flag", "pairs", "numbers", "words", "count", "color"])
def test_null_is_not_set_where_the_api_has_no_null(key: str) -> None:
    assert read(**{key: None}) == {}


def test_null_clears_where_the_api_has_null() -> None:
    assert read(name=None) == {"name": None}


@pytest.mark.parametrize("untouched", ["", []])
def test_untouched_key_value_list_is_not_set_where_it_is_optional(untouched: Any) -> None:
    assert read(pairs=untouched) == {}


@pytest.mark.parametrize("untouched", ["", []])
def test_untouched_key_value_list_is_an_empty_object_where_it_is_required(untouched: Any) -> None:
    assert NeedsPairs.from_values({"pairs": untouched}).pairs == {}


def test_required_key_value_list_must_be_set() -> None:
    with pytest.raises(InputError, match=r"pairs.*: is required") as caught:
        NeedsPairs.from_values({})
    assert caught.value.message == "invalid input"


def test_empty_object_is_sent() -> None:
    assert read(pairs={}) == {"pairs": {}}


def test_empty_json_list_is_sent() -> None:
    assert read(numbers=[]) == {"numbers": []}


def test_untouched_value_list_is_not_set() -> None:
    assert read(words=[]) == {}


def test_list_that_begins_with_the_sample_is_not_set() -> None:
    assert read(words=["000xxx", "a"]) == {}


@pytest.mark.parametrize("inputs", [[1], "text", 5])
def test_inputs_are_an_object(inputs: Any) -> None:
    with pytest.raises(InputError, match="inputs must be a dict"):
        Thing.from_values(inputs)


def test_invalid_inputs_are_all_listed_with_what_was_expected_and_received() -> None:
    with pytest.raises(InputError) as caught:
        Thing.from_values({"flag": "perhaps", "count": "0", "color": "green", "clour": 1})

    assert caught.value.message == "5 invalid inputs"
    assert [(p.location, p.message, p.hint) for p in caught.value.problems] == [
        ("thingId", "is required", ""),
        ("flag", 'must be true or false, got "perhaps"', ""),
        ("count", 'must be at least 1, got "0"', ""),
        ("color", 'must be one of red (Red), blue (Blue), got "green"', ""),
        ("clour", 'unknown input "clour"', did_you_mean("clour", ["color", "count"])),
    ]


@pytest.mark.parametrize("value", [0, 1001, "0", "1001", -1])
def test_number_out_of_range_is_rejected(value: Any) -> None:
    expected = f"at most 1000, got {json.dumps(value)}" if int(value) > 1 else f"at least 1, got {json.dumps(value)}"
    assert problems(count=value) == {"count": f"must be {expected}"}


@pytest.mark.parametrize("value", [".", ".."])
def test_relative_path_is_rejected_as_an_id(value: str) -> None:
    assert problems(thingId=value) == {"thingId": "must be an ID, not empty or a relative path"}


@pytest.mark.parametrize("value", ["x" * 256, "\ud800"])
def test_impossible_id_is_rejected(value: str) -> None:
    assert set(problems(thingId=value)) == {"thingId"}


def test_broken_json_is_shown_with_line_and_column_and_what_was_expected() -> None:
    assert problems(numbers="[1,\n 2,\n x]", pairs='{"a": }') == {
        "numbers": "must be a JSON list: expected value at line 3 column 2",
        "pairs": "must be a JSON object: expected value at line 1 column 7",
    }


def test_nan_is_not_json() -> None:
    assert "must be a JSON object" in problems(pairs='{"a": NaN}')["pairs"]


def test_wrong_type_of_json_is_rejected() -> None:
    assert problems(numbers='{"a": 1}', pairs="[1]") == {
        "numbers": "must be a list, got an object",
        "pairs": 'must be a JSON object or a list of {"key", "value"} pairs; entry 1 is neither',
    }


def test_fault_inside_a_list_is_shown_with_its_place() -> None:
    assert set(problems(numbers=[1, "x"])) == {"numbers[1]"}


def test_rule_without_a_message_of_ours_says_what_was_received() -> None:
    class Steps(Inputs):
        size: Annotated[int, Field(multiple_of=5), Input(label="Size")]

    with pytest.raises(InputError, match="must be a multiple of 5, got 7"):
        Steps.from_values({"size": 7})


def test_duplicate_key_is_rejected() -> None:
    pairs = [{"key": "a", "value": 1}, {"key": "a", "value": 2}]

    assert problems(pairs=pairs) == {"pairs": 'has the key "a" twice'}


def test_error_says_null_for_a_null_in_a_list() -> None:
    assert problems(words=[None]) == {"words[0]": "must be a string, got null"}


@pytest.mark.parametrize(
    ("value", "received"),
    [
        ("abc", '"abc"'),
        ('a"b\n', r'"a\"b\n"'),
        ("\x1b[31m", r'"\u001b[31m"'),
        ("größer", '"größer"'),
        ("x" * 60, f'"{"x" * 60}"'),
        ("x" * 61, "a string of 61 characters"),
        (1.5, "1.5"),
        (True, "true"),
        ({"a": 1}, "an object"),
        ([1, 2], "a list of 2"),
        (b"x", "a bytes"),
    ],
)
def test_error_says_what_was_received(value: Any, received: str) -> None:
    expected = {"count": f"must be an integer, got {received}"}
    if value is True:
        assert read(count=value) == {"count": 1}
    else:
        assert problems(count=value) == expected


@pytest.mark.parametrize("secret", ["my-password", 31415926], ids=["invalid JSON", "another type"])
def test_error_does_not_show_a_secret_value(secret: Any) -> None:
    with pytest.raises(InputError) as caught:
        Thing.from_values({"thingId": "t", "pairs": secret, "my-key": secret})

    assert str(secret) not in str(caught.value)
    assert str(secret) not in json.dumps(caught.value.to_dict())
    assert caught.value.__context__ is None


def test_repr_redacts_secrets_and_omits_unset_fields() -> None:
    assert repr(Thing.from_values({"thingId": "t", "pairs": {"password": "p"}})) == "Thing(thing_id='t', pairs='***')"


def test_field_without_input_is_rejected_by_name() -> None:
    class Forgotten(Inputs):
        name: str

    with pytest.raises(TypeError, match=r"Forgotten\.name has no Input"):
        Forgotten.definitions()


def test_inputs_can_be_pickled() -> None:
    thing = Thing.from_values({"thingId": "t", "count": 5})

    assert pickle.loads(pickle.dumps(thing)) == thing


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=amount(60, 20))
@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=5))
def test_object_is_the_same_as_native_value_as_json_and_as_pairs(value: dict[str, Any]) -> None:
    pairs = [{"key": key, "value": item} for key, item in value.items()]
    surviving = {key: item for key, item in value.items() if key != "" or item not in ("", None)}

    assert read(pairs=value)["pairs"] == value
    assert read(pairs=json.dumps(value))["pairs"] == value
    assert read(pairs=pairs)["pairs"] == surviving


@settings(max_examples=amount(40, 15))
@given(st.integers(1, 1000), st.booleans())
def test_scalars_read_the_same_natively_and_as_text(count: int, flag: bool) -> None:
    assert read(count=count, flag=flag) == read(count=str(count), flag=str(flag)) == {"count": count, "flag": flag}


@settings(max_examples=amount(100, 30))
@given(st.dictionaries(st.sampled_from(["thingId", "name", "flag", "pairs", "numbers", "words", "count", "zzz"]), JSON))
def test_any_value_is_accepted_or_rejected_with_one_input_error(anything: dict[str, Any]) -> None:
    with contextlib.suppress(InputError):
        Thing.from_values(anything)


def test_sample_of_a_list_is_not_set_when_it_comes_alone() -> None:
    class WithList(Inputs):
        sample_prefix = "000xxx"
        names: Annotated[list[str], Input(label="Names", collection="valuelist")] | MISSING = MISSING

    assert WithList.from_values({"names": "000xxx"}).names is MISSING
    assert WithList.from_values({"names": ["000xxx", "a"]}).names is MISSING
    assert WithList.from_values({"names": "a"}).names == ["a"]


def test_empty_string_as_a_value_survives_a_copy() -> None:
    assert pickle.loads(pickle.dumps(connector.EMPTY)) is connector.EMPTY
    assert copy.deepcopy({"name": connector.EMPTY})["name"] is connector.EMPTY


def test_unknown_key_inside_of_an_input_is_named() -> None:
    class Part(BaseModel):
        model_config = ConfigDict(extra="forbid")

        size: int

    class Nested(Inputs):
        part: Annotated[Part, Input(label="Part")]

    with pytest.raises(InputError) as caught:
        Nested.from_values({"part": {"size": 1, "seize": 2}})

    assert [str(problem) for problem in caught.value.problems] == ["Part (part.seize): is not a valid key"]
