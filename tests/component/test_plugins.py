"""Plugins: further actions, and hooks around actions and requests."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import pytest
from pluggy import HookimplMarker

import connector
from connector import errors, hookspecs
from connector.component import plugins
from connector.describe.check import component_problems
from connector.describe.docs import pages
from connector.describe.prismatic import server_form
from connector.rest import Request, Response
from tests.support.server import LoopbackServer, ServerResponse


class Greeting(connector.Inputs):
    name: Annotated[str, connector.Input(label="Name", comments="Whom to greet.")]


def greet(context: connector.Context, inputs: Greeting) -> connector.Payload:
    return {"data": f"hello {inputs.name} of {context.component.key}"}


DISPLAY = connector.Display(label="Greet", description="Greets somebody.")


class Brings:
    def __init__(self, action: Any) -> None:
        self.action = action

    @connector.hookimpl
    def register_actions(self, component_key: str, register: Any) -> None:
        assert component_key == "segment"
        register(self.action)


@pytest.fixture
def component() -> connector.Component:
    return connector.load_component()


@pytest.fixture
def runner(component: connector.Component, fields: dict[str, Any]) -> connector.Runner:
    return connector.Runner(component, {"fields": fields}, max_wait=0)


def test_plugin_brings_an_action_with_its_own_display_and_example(
    component: connector.Component, runner: connector.Runner
) -> None:
    action: connector.Action[Greeting] = connector.action("greet", display=DISPLAY, example={"data": "hello"})(greet)

    component.add_plugin(Brings(action), "greetings")

    assert runner.invoke("greet", {"name": "you"}) == {"data": "hello you of segment"}
    assert component.actions["greet"].display == DISPLAY
    assert component.actions["greet"].example == {"data": "hello"}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (connector.action("greet")(greet), r"has no display .*test_plugins\.py:\d+(?s:.*)display=Display"),
        (
            connector.action("getSource", display=DISPLAY)(greet),
            r"duplicate action: .*sources\.py:\d+ and .*test_plugins\.py",
        ),
        ("greet", r"is not an action(?s:.*)@connector\.action"),
    ],
    ids=["no display", "known key", "no action"],
)
def test_invalid_action_is_rejected(action: Any, reason: str, component: connector.Component) -> None:
    with pytest.raises(errors.PluginError, match=reason) as caught:
        component.add_plugin(Brings(action))

    assert caught.value.exit_code == 3


class Choices:
    """Brings a data source, and an action before it."""

    def __init__(self, source: Any, action: Any = None) -> None:
        self.source = source
        self.action = action

    @connector.hookimpl
    def register_actions(self, register: Any) -> None:
        if self.action is not None:
            register(self.action)

    @connector.hookimpl
    def register_data_sources(self, component_key: str, register: Any) -> None:
        assert component_key == "segment"
        register(self.source)


class NoInputs(connector.Inputs):
    pass


def slugs(context: connector.Context, inputs: NoInputs) -> connector.Payload:
    return connector.picklist(context.records("listSources", inputs), "name", key="slug")


SLUGS = connector.data_source("slugs", display=DISPLAY, example={"result": [{"label": "Shop", "key": "shop"}]})


def test_plugin_brings_a_data_source(
    component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    component.add_plugin(Choices(SLUGS(slugs)), "choices")
    server.answer({"data": {"sources": [{"slug": "shop", "name": "Shop"}], "pagination": {}}})

    assert runner.choices("slugs") == {"result": [{"label": "Shop", "key": "shop"}]}
    assert component.data_sources["slugs"].display == DISPLAY
    assert not [problem for problem in component_problems(lambda: component) if "slugs" in problem.location]


def test_data_source_of_a_plugin_is_exported(component: connector.Component) -> None:
    component.add_plugin(Choices(SLUGS(slugs)), "choices")

    exported = server_form(component)["dataSources"]["slugs"]
    assert (exported["dataSourceType"], exported["display"]["label"]) == ("picklist", "Greet")
    assert "slugs" in pages(component)["index.md"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (connector.data_source("slugs")(slugs), r"slugs: has no display .*test_plugins\.py:\d+"),
        (connector.data_source("sources", display=DISPLAY)(slugs), r"duplicate data source: .*test_plugins\.py"),
        (connector.action("slugs", display=DISPLAY)(slugs), r"is not a data source(?s:.*)@connector\.data_source"),
    ],
    ids=["no display", "known key", "no data source"],
)
def test_plugin_with_an_invalid_data_source_brings_nothing(
    source: Any, reason: str, component: connector.Component
) -> None:
    action: connector.Action[Greeting] = connector.action("greet", display=DISPLAY, has_example=False)(greet)

    with pytest.raises(errors.PluginError, match=reason):
        component.add_plugin(Choices(source, action), "choices")

    assert "greet" not in component.actions
    assert component.plugins.get_plugin("choices") is None


def test_plugin_is_a_policy(component: connector.Component, runner: connector.Runner, server: LoopbackServer) -> None:
    class OfficeHours:
        @connector.hookimpl(wrapper=True)
        def perform_action(self, action: Any, inputs: Any) -> Any:
            if action.effect_of(inputs) != "read":
                raise errors.PolicyError("is not allowed at night", action=action.key)
            return (yield)

    component.add_plugin(OfficeHours(), "office-hours")
    server.answer({"data": {}})

    with pytest.raises(errors.PolicyError, match="deleteSource: is not allowed at night"):
        runner.invoke("deleteSource", {"sourceId": "s"})
    with pytest.raises(errors.PolicyError):
        runner.invoke("rawRequest", {"url": "/x", "method": "POST"})
    runner.invoke("getSource", {"sourceId": "s"})

    assert [request.method for request in server.requests] == ["GET"]


def test_plugin_added_twice_is_rejected_and_stays_registered(component: connector.Component) -> None:
    plugin = Brings(connector.Action("greet", greet, display=DISPLAY))
    component.add_plugin(plugin, "mine")

    for again, name in ((plugin, None), (object(), "mine"), (object(), "deleteSource")):
        with pytest.raises(errors.PluginError, match=r"is already registered"):
            component.add_plugin(again, name)

    assert component.plugins.get_plugin("mine") is plugin
    assert component.plugins.get_plugin("deleteSource") is component.actions["deleteSource"]


def test_plugin_with_an_invalid_action_is_not_registered(component: connector.Component) -> None:
    plugin = Brings("no action")

    with pytest.raises(errors.PluginError):
        component.add_plugin(plugin)

    assert not component.plugins.is_registered(plugin)


def test_unknown_hook_is_rejected_with_plugin_and_definition(component: connector.Component) -> None:
    class Typo:
        @connector.hookimpl
        def perform_actoin(self) -> None: ...

    with pytest.raises(errors.PluginError, match=r"unknown hook 'perform_actoin' in plugin .*Typo") as caught:
        component.add_plugin(Typo(), "typo")

    assert "register_data_sources, perform_action, send_request, perform_step, flow_event" in str(caught.value)
    assert component.plugins.get_plugin("typo") is None


def test_hook_with_an_unknown_argument_is_rejected(component: connector.Component) -> None:
    class Typo:
        @connector.hookimpl
        def send_request(self, requset: Any) -> None: ...

    with pytest.raises(errors.PluginError, match=r"requset.*hookimpl definition|hookimpl definition.*requset"):
        component.add_plugin(Typo())


def test_wrapper_sees_an_action_before_and_after(
    component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    seen: list[Any] = []

    class Watch:
        @connector.hookimpl(wrapper=True)
        def perform_action(self, action: Any, inputs: Any) -> Any:
            seen.append((action.key, inputs.source_id))
            payload = yield
            seen.append(payload)
            return {**payload, "seen": True}

    component.add_plugin(Watch())
    server.answer({"data": 1})

    assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": {"data": 1}, "seen": True}
    assert seen == [("getSource", "s"), {"data": {"data": 1}}]


def test_wrapper_sees_the_error_of_an_action(
    component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    seen: list[str] = []

    class Watch:
        @connector.hookimpl(wrapper=True)
        def perform_action(self) -> Any:
            try:
                return (yield)
            except errors.ConnectorError as error:
                seen.append(type(error).__name__)
                raise

    component.add_plugin(Watch())
    server.answer(ServerResponse(b"", 404))

    with pytest.raises(errors.NotFoundError):
        runner.invoke("getSource", {"sourceId": "s"})
    assert seen == ["NotFoundError"]


def test_plugin_can_return_the_payload_of_an_action(component: connector.Component, runner: connector.Runner) -> None:
    class Instead:
        @connector.hookimpl
        def perform_action(self, action: Any) -> Any:
            return {"data": "instead"} if action.key == "getSource" else None

    component.add_plugin(Instead())

    assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": "instead"}


def test_plugin_sees_and_changes_requests_and_never_the_token(
    component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    seen: list[Request] = []

    class Tracing:
        @connector.hookimpl(wrapper=True)
        def send_request(self, request: Request) -> Any:
            seen.append(request)
            request.headers["X-Trace"] = "1"
            return (yield)

    component.add_plugin(Tracing())
    server.answer({"data": 1})
    runner.invoke("getSource", {"sourceId": "s"})

    assert server.requests[0].headers["X-Trace"] == "1"
    assert "Authorization" not in seen[0].headers


def test_plugin_can_return_the_response_of_the_service(
    component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    class Cache:
        @connector.hookimpl
        def send_request(self) -> Response:
            return Response(200, "OK", {}, b'{"cached": true}')

    component.add_plugin(Cache())

    assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": {"cached": True}}
    assert server.requests == []


def entry_points(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entries = [EntryPoint("greetings", value, plugins.ENTRY_POINTS)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries if group == plugins.ENTRY_POINTS else [])


def test_installed_plugins_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "greetings", Brings(connector.action("greet", display=DISPLAY)(greet)))
    entry_points(monkeypatch, "greetings")

    assert "greet" in connector.load_component().actions
    assert "greet" not in connector.load_component(installed_plugins=False).actions


def test_installed_plugin_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry_points(monkeypatch, "no_such_module:plugin")

    with pytest.raises(
        errors.PluginError, match=r"greetings: cannot be imported: ModuleNotFoundError.*\n    hint: Repair or uninstall"
    ):
        connector.load_component()


class AsyncHook:
    @connector.hookimpl(tryfirst=True)
    async def perform_action(self, action: Any) -> Any:
        return None


class GeneratorHook:
    @connector.hookimpl
    def perform_action(self, action: Any) -> Any:
        yield {}


class ForeignHook:
    @HookimplMarker("another")
    def perform_action(self, action: Any) -> Any:
        return None


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (AsyncHook(), "hook perform_action is async"),
        (GeneratorHook(), "hook perform_action is a generator"),
        (ForeignHook(), "hook perform_action is not marked as a hook of connector"),
        (AsyncHook, r"is a class, not an instance\s+hint: Register AsyncHook\(\) instead"),
    ],
    ids=["async", "generator", "foreign marker", "class"],
)
def test_plugin_with_a_hook_that_cannot_work_is_rejected(
    plugin: object, message: str, component: connector.Component
) -> None:
    with pytest.raises(errors.PluginError, match=message):
        component.add_plugin(plugin, "mine")

    assert component.plugins.get_plugin("mine") is None


@pytest.mark.parametrize("error", [OSError("disk"), KeyError("x"), SystemExit(0)], ids=lambda e: type(e).__name__)
def test_error_of_a_hook_names_plugin_and_line(
    error: BaseException, component: connector.Component, runner: connector.Runner
) -> None:
    class Broken:
        @connector.hookimpl
        def perform_action(self, action: Any) -> Any:
            raise error

    component.add_plugin(Broken(), "broken")

    with pytest.raises(
        errors.PluginError, match=r"test_plugins\.py:\d+: .*hook perform_action of plugin broken"
    ) as caught:
        runner.invoke("getSource", {"sourceId": "s"})
    assert caught.value.exit_code == 3
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("when", ["before", "after"])
def test_error_of_a_wrapper_names_the_plugin(
    when: str, component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    class Broken:
        @connector.hookimpl(wrapper=True)
        def perform_action(self) -> Any:
            if when == "before":
                raise OSError("disk")
            yield
            raise OSError("disk")

    component.add_plugin(Broken(), "broken")
    server.answer({"data": 1})

    with pytest.raises(errors.PluginError, match=r"OSError: disk .*plugin broken"):
        runner.invoke("getSource", {"sourceId": "s"})


def test_error_of_another_kind_passes_a_wrapper_unchanged(
    component: connector.Component, runner: connector.Runner
) -> None:
    class Watch:
        @connector.hookimpl(wrapper=True)
        def perform_action(self) -> Any:
            return (yield)

    class Interrupts:
        @connector.hookimpl
        def send_request(self) -> Any:
            raise KeyboardInterrupt

    component.add_plugin(Watch())
    component.add_plugin(Interrupts())

    with pytest.raises(KeyboardInterrupt):
        runner.invoke("getSource", {"sourceId": "s"})


@pytest.mark.parametrize("result", [[], "text", object()], ids=["list", "string", "object"])
def test_hook_that_returns_no_payload_is_named(
    result: object, component: connector.Component, runner: connector.Runner
) -> None:
    class Instead:
        @connector.hookimpl
        def perform_action(self) -> Any:
            return result

    component.add_plugin(Instead(), "instead")

    with pytest.raises(errors.PluginError, match=f"plugin instead returned a {type(result).__name__}, not a payload"):
        runner.invoke("getSource", {"sourceId": "s"})


def test_installed_plugin_that_exits_is_named_with_its_distribution(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "acme_hooks.py").write_text("import sys; sys.exit(0)", encoding="utf-8")
    info = tmp_path / "acme_policy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-policy\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[connector.plugins]\npolicy = acme_hooks\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    message = r"policy \(acme-policy\): cannot be imported: SystemExit: 0\s+hint: Repair or uninstall acme-policy"
    with pytest.raises(errors.PluginError, match=message) as caught:
        connector.load_component()
    assert caught.value.exit_code == 3


def test_check_reports_a_plugin_without_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "greetings", types.ModuleType("greetings"))
    entry_points(monkeypatch, "greetings")

    assert [(problem.location, problem.message) for problem in component_problems()] == [
        ("greetings", "the plugin implements no hook")
    ]


def test_hooks_see_data_sources_the_actions_in_them_and_the_test_of_the_connection(
    component: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    seen: list[str] = []

    class Watch:
        @connector.hookimpl(wrapper=True)
        def perform_action(self, action: Any) -> Any:
            seen.append(action.key)
            return (yield)

    component.add_plugin(Watch())
    server.answer({"data": {"sources": [], "pagination": {}, "workspace": {"slug": "w"}}})
    runner.choices("sources")
    runner.test_connection()

    assert seen == ["sources", "listSources", "testConnection"]


def test_action_that_returns_no_payload_is_named_with_its_file(
    component: connector.Component, runner: connector.Runner
) -> None:
    def listed(context: connector.Context, inputs: Greeting) -> Any:
        return ["hello"]

    component.add_plugin(Brings(connector.action("greet", display=DISPLAY, example={"data": "hello"})(listed)), "wrong")

    with pytest.raises(errors.HandlerError, match=r"greet: returned a list, not a payload(?s:.*)test_plugins\.py:\d+"):
        runner.invoke("greet", {"name": "you"})


DISTRIBUTION = """
import connector
from connector import Context, Display, Inputs, Payload
from connector.errors import PolicyError

class NoInputs(Inputs):
    pass

display = Display(label="Count", description="Counts.")

@connector.action("countSources", display=display, has_example=False)
def count(context: Context, inputs: NoInputs) -> Payload:
    return {"data": sum(1 for _ in context.records("listSources", inputs))}

@connector.data_source("slugs", display=display, example={"result": []})
def slugs(context: Context, inputs: NoInputs) -> Payload:
    return connector.picklist(context.records("listSources", inputs), "name", key="slug")

class Acme:
    def __init__(self):
        self.spans = []

    @connector.hookimpl
    def register_actions(self, register):
        register(count)

    @connector.hookimpl
    def register_data_sources(self, register):
        register(slugs)

    @connector.hookimpl(wrapper=True)
    def perform_action(self, action, inputs):
        if action.effect_of(inputs) == "destructive":
            raise PolicyError("is not allowed here", action=action.key)
        return (yield)

    @connector.hookimpl(wrapper=True)
    def send_request(self, request):
        response = yield
        self.spans.append((request.method, request.path, response.status))
        return response

acme = Acme()
"""


def test_another_distribution_brings_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fields: dict[str, Any], server: LoopbackServer
) -> None:
    (tmp_path / "acme_rules.py").write_text(DISTRIBUTION, encoding="utf-8")
    info = tmp_path / "acme_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[connector.plugins]\nacme = acme_rules:acme\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    server.answer({"data": {"sources": [{"slug": "shop", "name": "Shop"}], "pagination": {}}})

    component = connector.load_component()

    runner = connector.Runner(component, {"fields": fields}, max_wait=0)
    assert runner.invoke("countSources") == {"data": 1}
    assert runner.choices("slugs") == {"result": [{"label": "Shop", "key": "shop"}]}
    with pytest.raises(errors.PolicyError, match="is not allowed here"):
        runner.invoke("deleteSource", {"sourceId": "s"})
    plugin: Any = component.plugins.get_plugin("acme")
    assert [(method, status) for method, _, status in plugin.spans] == [("GET", 200)] * 2
    (summary,) = component.plugins.summaries()
    assert (summary.name, summary.distribution) == ("acme", "acme-rules")
    assert summary.hooks == ["perform_action", "register_actions", "register_data_sources", "send_request"]


def test_every_hook_of_the_specifications_is_known() -> None:
    marked = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]

    assert sorted(marked) == sorted(plugins.HOOKS)
