"""Two clients of SpiffArena's protocol: one of the project, and the code of SpiffArena's own backend.

The backend's code is loaded from a checkout whose path is in `TESTS_SPIFF_ARENA`. Its dependencies on a web
framework and a database are replaced: what matters is what it sends, and how it reads what comes back.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

BACKEND = "TESTS_SPIFF_ARENA"
DELEGATE = "spiffworkflow-backend/src/spiffworkflow_backend/services/service_task_delegate.py"
CUSTOM_TASK = "spiffworkflow-backend/src/spiffworkflow_backend/services/custom_service_task.py"
CALLBACK = "https://arena.example/api/v1.0/tasks/7/task/callback"


def backend_file(name: str) -> Path:
    """Return a file of the checkout; skip the test without one."""
    folder = os.environ.get(BACKEND)
    if not folder:
        pytest.skip(f"{BACKEND} names no checkout of SpiffArena")
    return Path(folder) / name


def load_delegate(url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the backend's `service_task_delegate` module, configured for a connector proxy."""
    path = backend_file(DELEGATE)
    config = {
        "SPIFFWORKFLOW_BACKEND_CONNECTOR_PROXY_URL": url,
        "SPIFFWORKFLOW_BACKEND_CONNECTOR_PROXY_API_KEY": key,
        "SPIFFWORKFLOW_BACKEND_URL": "https://arena.example",
    }
    import requests

    modules: dict[str, dict[str, Any]] = {
        "flask": {"current_app": types.SimpleNamespace(config=config, logger=logging.getLogger("arena")), "g": None},
        "sentry_sdk": {"start_span": lambda **_words: contextlib.nullcontext()},
        "security": {"safe_requests": requests},
        "spiffworkflow_connector_command": {},
        "spiffworkflow_connector_command.command_interface": {"CommandErrorDict": dict},
        "spiffworkflow_backend": {},
        "spiffworkflow_backend.config": {"CONNECTOR_PROXY_COMMAND_TIMEOUT": 30, "HTTP_REQUEST_TIMEOUT_SECONDS": 15},
        "spiffworkflow_backend.connectors": {
            "http_connector": types.SimpleNamespace(does=lambda _name: False, commands=[])
        },
        "spiffworkflow_backend.helpers": {},
        "spiffworkflow_backend.helpers.public_api_urls": {
            "build_public_api_v1_url": lambda base, path: f"{base}/api/v1.0/{path}"
        },
        "spiffworkflow_backend.services": {},
        "spiffworkflow_backend.services.connector_proxy_service": {"connector_proxy_request_proxies": lambda: None},
        "spiffworkflow_backend.services.file_system_service": {"FileSystemService": None},
        "spiffworkflow_backend.services.secret_service": {
            "SecretService": types.SimpleNamespace(resolve_possibly_secret_value=lambda value: value)
        },
        "spiffworkflow_backend.services.user_service": {"UserService": types.SimpleNamespace(has_user=lambda: False)},
    }
    for name, content in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("arena_delegate", path)
    assert spec
    assert spec.loader
    delegate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(delegate)
    return delegate
