"""Permissions of users, groups of users, and invitations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

from pydantic import Field

from connector.sandbox_kit import ApiError, Body, Data, Record, RequestContext, invalid, problem, run_checks
from connector.sandbox_kit.store import Store

from . import api

api.assumption("unknown-role", "A permission with an unknown role", ("accept", "422"))

_RESOURCE_KINDS = {"FUNCTION": "functions", "SOURCE": "sources", "SPACE": "spaces", "WAREHOUSE": "warehouses"}


class Resource(Body):
    """A resource of a permission."""

    id: str
    type: Literal["FUNCTION", "SOURCE", "SPACE", "WAREHOUSE", "WORKSPACE"]


class Label(Body):
    """A label of a permission."""

    key: str
    value: str
    description: str = ""


class LabeledResource(Resource):
    """A resource of a permission, or those resources of a type that have labels."""

    labels: list[Label] = Field([])


class Permission(Body):
    """A role on resources."""

    role_id: str
    resources: Sequence[Resource]


class GivenPermission(Permission):
    """A permission that a user or a group gets."""

    resources: list[LabeledResource]


class Permissions(Body):
    """Body of the operations that change the permissions of a user or a group."""

    permissions: list[GivenPermission]


def check_permissions(context: RequestContext, path: str, permissions: Sequence[Permission]) -> None:
    """Check that roles and resources exist.

    Raises:
        ApiError: 422 with one entry per problem.
    """
    run_checks(*_checks(context, path, permissions))


def _checks(context: RequestContext, path: str, permissions: Sequence[Permission]) -> Iterator[Callable[[], None]]:
    for number, permission in enumerate(permissions):
        prefix = f"{path}.{number}"
        yield partial(_check_role, context, f"{prefix}.roleId", permission.role_id)
        for index, resource in enumerate(permission.resources):
            yield partial(_check_resource, context, f"{prefix}.resources.{index}.id", resource)


def _check_role(context: RequestContext, path: str, role_id: str) -> None:
    if context.store.get("roles", role_id) is None and context.assume("unknown-role") == "422":
        raise invalid(path, "does not exist in roles")


def _check_resource(context: RequestContext, path: str, resource: Resource) -> None:
    if resource.type == "WORKSPACE" and resource.id != context.workspace["id"]:
        raise ApiError(int(context.assume("missing-in-body")), [problem(path, "is not this workspace")])
    if resource.type in _RESOURCE_KINDS:
        context.refer(_RESOURCE_KINDS[resource.type], path, resource.id)


def granted(store: Store, permission: Record) -> Record:
    """Return a permission as responses show it, with the name of its role."""
    role = store.get("roles", permission["roleId"])
    resolved: Record = {
        "roleId": permission["roleId"],
        "roleName": role["name"] if role else permission["roleId"],
        "resources": [{"labels": []} | resource for resource in permission.get("resources", [])],
    }
    return resolved | ({"labels": permission["labels"]} if "labels" in permission else {})


def change_permissions(context: RequestContext, kind: str, record: Record, body: Permissions, *, keep: bool) -> Data:
    """Replace the permissions of a user or a group, or add to them; return the response."""
    check_permissions(context, "permissions", body.permissions)
    new = [granted(context.store, permission.set_fields()) for permission in body.permissions]
    permissions = [*(record.get("permissions", []) if keep else []), *new]
    context.store.put(kind, record | {"permissions": permissions})
    return {"permissions": [{name: each[name] for name in ("roleId", "roleName", "resources")} for each in permissions]}
