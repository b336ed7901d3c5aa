"""Engines of SpiffWorkflow that send service tasks to a connector proxy: a short one, and SpiffArena's own backend.

The short one does what the backend does with a service task: it retries statuses of 500 and above and 429, turns an
error into a BPMN event, and keeps a task open after 202. The backend's own code is loaded from a checkout whose path is
in `TESTS_SPIFF_ARENA`; its web framework and its database are replaced, since what matters is what it sends, and how it
reads what comes back.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
import requests
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.parser.task_spec import ServiceTaskParser
from SpiffWorkflow.spiff.specs.defaults import ServiceTask
from SpiffWorkflow.spiff.specs.event_definitions import ErrorEventDefinition
from SpiffWorkflow.util.task import TaskState

CHECKOUT = "TESTS_SPIFF_ARENA"
SERVICES = "spiffworkflow-backend/src/spiffworkflow_backend/services"
HEADER = "Spiff-Connector-Proxy-Api-Key"
RETRY_SECONDS = 0.1


class TaskError(Exception):
    """A service task failed, and no boundary event caught it."""


class AcceptedError(Exception):
    """The proxy will report the result to the callback."""


class ShortTask(ServiceTask):  # type: ignore[misc]
    """SpiffWorkflow's service task with retries and with results that come later."""

    def _execute(self, task: Any) -> bool | None:
        for attempt in range((self.retries or 0) + 1):
            try:
                return bool(super()._execute(task))
            except AcceptedError:
                return None
            except TaskError as error:
                status = error.args[1]
                if attempt == self.retries or not (status >= 500 or status == 429):
                    raise
                time.sleep(RETRY_SECONDS)
        raise AssertionError("the last attempt returns or raises")


class ShortEngine:
    """Sends service tasks as the backend does, in a few lines.

    Args:
        url: URL of the connector proxy.
        key: Key of the proxy.
        callbacks: URL of the backend that receives callbacks.
    """

    task_class: type = ShortTask

    def __init__(self, url: str, key: str, callbacks: str) -> None:
        self.url, self.key, self.callbacks = url, key, callbacks

    def call(self, task: Any, name: str, parameters: dict[str, Any]) -> str:
        """Run one service task and return its result as JSON."""
        inputs = {key: each["value"] for key, each in parameters.items()}
        own = {"spiff__task_data": task.data, "spiff__callback_url": f"{self.callbacks}/tasks/7/{task.id}/callback"}
        response = requests.post(
            f"{self.url}/v1/do/{name}", json={**inputs, **own}, headers={HEADER: self.key}, timeout=30
        )
        content = response.json()
        self._catch(task, content)
        if response.status_code == 202:
            raise AcceptedError
        return json.dumps(content["command_response"])

    def finish(self, task: Any, content: dict[str, Any]) -> None:
        """End a task whose result came with a callback."""
        self._catch(task, content)
        task.data[task.task_spec.result_variable] = content["command_response"]["body"]
        task.complete()

    def _catch(self, task: Any, content: dict[str, Any]) -> None:
        error = content["error"]
        if error is None:
            return
        definition = ErrorEventDefinition(name=error["error_code"], code=error["error_code"])
        event = BpmnEvent(definition, payload=error, target=task.workflow)
        if not task.workflow.get_tasks(catches_event=event, state=TaskState.NOT_FINISHED_MASK):
            raise TaskError(f"{error['error_code']}: {error['message']}", content["command_response"]["http_status"])
        task.workflow.top_workflow.catch(event)

    def steps(self, workflow: Any) -> None:
        """Run the workflow until it ends or waits."""
        workflow.do_engine_steps()

    @staticmethod
    def code_of(error: BaseException) -> str:
        """Return what an error of a workflow says."""
        return str(error.__cause__ or error)


class ArenaEngine:
    """The backend's own code for service tasks; see `ShortEngine`."""

    def __init__(self, url: str, key: str, callbacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._delegate = load_service("service_task_delegate", arena_modules(url, key, callbacks), monkeypatch)
        modules = {"spiffworkflow_backend.services.service_task_delegate": self._delegate}
        self._task = load_service("custom_service_task", modules, monkeypatch)
        modules["spiffworkflow_backend.services.custom_service_task"] = self._task
        self._service = load_service("service_task_service", modules, monkeypatch)
        self.task_class = self._task.CustomServiceTask

    def call(self, task: Any, name: str, parameters: dict[str, Any]) -> str:
        """Run one service task and return its result as JSON."""
        result: str = self._delegate.ServiceTaskDelegate.call_connector(name, parameters, task, 7)
        return result

    def finish(self, task: Any, content: dict[str, Any]) -> None:
        """End a task whose result came with a callback."""
        self._service.ServiceTaskService._check_for_callback_errors(task, content)
        body = self._service.ServiceTaskService._get_callback_body(content)
        task.data[task.task_spec.result_variable] = body
        task.complete()

    def steps(self, workflow: Any) -> None:
        """Run the workflow until it ends or waits; a retry that the backend schedules comes at once."""
        while True:
            try:
                workflow.do_engine_steps()
                return
            except self._task.RetryScheduledError:
                time.sleep(RETRY_SECONDS)
                for task in workflow.get_tasks(state=TaskState.STARTED):
                    task.task_spec.consume_scheduled_retry(task)
                    task._set_state(TaskState.READY)

    @staticmethod
    def code_of(error: BaseException) -> str:
        """Return what an error of a workflow says."""
        return str(error.__cause__ or error)

    def connectors(self) -> list[dict[str, Any]]:
        """Return the connectors that a modeler sees."""
        listed: list[dict[str, Any]] = self._delegate.ServiceTaskDelegateService.available_connectors()
        return listed


def start(engine: Any, slug: str, wanted: str = "") -> Any:
    """Start the workflow of `checkout.bpmn` and return it."""

    class ScriptEngine(PythonScriptEngine):  # type: ignore[misc]
        def call_service(self, *positional: Any, **named: Any) -> str:
            # SpiffWorkflow passes the task first, and the backend passes it last.
            if named:
                return str(engine.call(positional[0], named["operation_name"], named["operation_params"]))
            name, parameters, task = positional
            return str(engine.call(task, name, parameters))

    class Parser(SpiffBpmnParser):  # type: ignore[misc]
        OVERRIDE_PARSER_CLASSES = {
            **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
            full_tag("serviceTask"): (ServiceTaskParser, engine.task_class),
        }

    parser = Parser()
    parser.add_bpmn_file(str(Path(__file__).parent / "checkout.bpmn"))
    workflow = BpmnWorkflow(parser.get_spec("checkout"), script_engine=ScriptEngine(TaskDataEnvironment()))
    workflow.get_tasks()[0].data.update(slug=slug, wanted=wanted)
    engine.steps(workflow)
    return workflow


class Replaced(types.ModuleType):
    """A module of the backend's web framework or database, whose every name is a class of its own."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


def load_service(name: str, modules: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a module of the backend's services; what it imports is in `modules`, or replaced."""
    folder = os.environ.get(CHECKOUT)
    if not folder:
        pytest.skip(f"{CHECKOUT} names no checkout of SpiffArena")
    for module_name, content in modules.items():
        module = content if isinstance(content, types.ModuleType) else Replaced(module_name)
        module.__dict__.update(content if isinstance(content, dict) else {})
        monkeypatch.setitem(sys.modules, module_name, module)
    spec = importlib.util.spec_from_file_location(f"arena_{name}", Path(folder) / SERVICES / f"{name}.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, loaded)
    spec.loader.exec_module(loaded)
    return loaded


def arena_modules(url: str, key: str, callbacks: str) -> dict[str, dict[str, Any]]:
    """Return what the backend's services import, configured for a connector proxy."""
    config = {
        "SPIFFWORKFLOW_BACKEND_CONNECTOR_PROXY_URL": url,
        "SPIFFWORKFLOW_BACKEND_CONNECTOR_PROXY_API_KEY": key,
        "SPIFFWORKFLOW_BACKEND_URL": callbacks.removesuffix("/api/v1.0"),
    }
    no_rows = types.SimpleNamespace(filter_by=lambda **_words: types.SimpleNamespace(first=lambda: None))
    backend = "spiffworkflow_backend"
    services: dict[str, dict[str, Any]] = {
        "connector_proxy_service": {"connector_proxy_request_proxies": lambda: None},
        "secret_service": {"SecretService": types.SimpleNamespace(resolve_possibly_secret_value=lambda value: value)},
        "user_service": {"UserService": types.SimpleNamespace(has_user=lambda: False)},
    }
    replaced = (
        "background_processing",
        "background_processing.celery_tasks",
        "background_processing.celery_tasks.process_instance_task_producer",
        "data_migrations",
        "data_migrations.process_instance_migrator",
        "exceptions",
        "exceptions.api_error",
        "helpers",
        "helpers.spiff_enum",
        "models",
        "models.db",
        "models.process_instance",
        "services",
        "services.file_system_service",
        "services.process_instance_queue_service",
        "services.process_instance_runtime",
        "services.process_instance_service",
    )
    return {
        "flask": {"current_app": types.SimpleNamespace(config=config, logger=logging.getLogger("arena")), "g": None},
        "sentry_sdk": {"start_span": lambda **_words: contextlib.nullcontext()},
        "security": {"safe_requests": requests},
        "spiffworkflow_connector_command": {},
        "spiffworkflow_connector_command.command_interface": {"CommandErrorDict": dict},
        backend: {},
        f"{backend}.config": {"CONNECTOR_PROXY_COMMAND_TIMEOUT": 30, "HTTP_REQUEST_TIMEOUT_SECONDS": 15},
        f"{backend}.connectors": {"http_connector": types.SimpleNamespace(does=lambda _name: False, commands=[])},
        **{f"{backend}.{name}": {} for name in replaced},
        f"{backend}.models.task": {"TaskModel": types.SimpleNamespace(query=no_rows)},
        f"{backend}.helpers.public_api_urls": {"build_public_api_v1_url": lambda base, path: f"{base}/api/v1.0/{path}"},
        **{f"{backend}.services.{name}": content for name, content in services.items()},
    }
