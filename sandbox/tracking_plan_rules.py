"""Rules of tracking plans."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Literal, get_args

from connector.sandbox_kit import ApiError, Body, Data, Record, RequestContext, Row, dumps, invalid, problem

from . import api
from .pagination import page
from .segment import SUCCESS, timestamp

RuleType = Literal["COMMON", "GROUP", "IDENTIFY", "PAGE", "SCREEN", "TRACK"]
MAX_RULES = {"200": 200, "2000": 2000}

api.assumption(
    "rules-per-request",
    "The largest number of rules in one request",
    ("2000", "200"),
    "documented: 200; the official provider sends up to 2000 for some customers",
)

_PATH = "/tracking-plans/{trackingPlanId}/rules"


class Rule(Body):
    """A rule for one event, or for all events of one type."""

    type: RuleType
    key: str = ""
    json_schema: Any
    version: float


class UpsertRule(Rule):
    """A rule to add or replace; `newKey` renames it."""

    new_key: str = ""


class ReplaceRules(Body):
    """Body of replaceRulesInTrackingPlan."""

    rules: list[Rule]


class UpdateRules(Body):
    """Body of updateRulesInTrackingPlan."""

    rules: list[UpsertRule]


def rule_view(_context: RequestContext, row: Row) -> str:
    """Return a rule without the id of its tracking plan."""
    rule = json.loads(row.body)
    del rule["trackingPlanId"]
    return dumps(rule)


api.resource(
    "trackingPlanRules",
    id=("trackingPlanId", "type", "key", "version"),
    scope="trackingPlanId",
    required=("trackingPlanId", "type"),
    belongs_to={"trackingPlanId": "trackingPlans"},
    view=rule_view,
)


@api.operation("listRulesFromTrackingPlan", f"GET {_PATH}")
def list_rules(context: RequestContext) -> Data:
    """List the rules of a tracking plan."""
    plan = context.require("trackingPlans", "trackingPlanId")
    return page(context, "rules", "trackingPlanRules", scope=plan["id"])


@api.operation("replaceRulesInTrackingPlan", f"PUT {_PATH}", body=ReplaceRules)
def replace_rules(context: RequestContext, body: ReplaceRules) -> Data:
    """Replace all rules of a tracking plan."""
    plan = context.require("trackingPlans", "trackingPlanId")
    _check_number(context, body.rules)
    context.store.remove("trackingPlanRules", scope=plan["id"])
    _put(context, plan, [rule.set_fields() for rule in body.rules])
    return SUCCESS


@api.operation("updateRulesInTrackingPlan", f"PATCH {_PATH}", body=UpdateRules)
def update_rules(context: RequestContext, body: UpdateRules) -> Data:
    """Add rules, or replace the rules with the same type, key and version."""
    plan = context.require("trackingPlans", "trackingPlanId")
    _check_number(context, body.rules)
    for rule in body.rules:
        fields = rule.set_fields()
        new_key = fields.pop("newKey", None)
        if new_key:
            context.store.remove("trackingPlanRules", id_=_id_of(plan, fields))
            fields["key"] = new_key
        _put(context, plan, [fields])
    return SUCCESS


@api.operation("removeRulesFromTrackingPlan", f"DELETE {_PATH}")
def remove_rules(context: RequestContext) -> Data:
    """Remove rules by type, key and version."""
    plan = context.require("trackingPlans", "trackingPlanId")
    rules = context.query.objects("rules")
    if not rules:
        raise invalid("rules", "must be a list of objects" if "rules" in context.query.raw else "is required")
    errors = [problem(f"rules.{number}.{name}", message) for number, rule in enumerate(rules)
              for name, message in _problems(rule)]  # fmt: skip
    if errors:
        raise ApiError(422, errors)
    for rule in rules:
        context.store.remove("trackingPlanRules", id_=_id_of(plan, rule | {"version": float(rule["version"])}))
    return SUCCESS


def _problems(rule: dict[str, str]) -> Iterable[tuple[str, str]]:
    if rule.get("type") not in get_args(RuleType):
        yield "type", f"must be one of {', '.join(get_args(RuleType))}"
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", rule.get("version", ""), re.ASCII):
        yield "version", "must be a number"


def _check_number(context: RequestContext, rules: list[Any]) -> None:
    if len(rules) > min(MAX_RULES.values()):
        limit = MAX_RULES[context.assume("rules-per-request")]
        if len(rules) > limit:
            raise invalid("rules", f"must have at most {limit} entries")


def _put(context: RequestContext, plan: Record, rules: list[Record]) -> None:
    now = timestamp(context)
    for rule in rules:
        stored = {"trackingPlanId": plan["id"]} | rule | {"version": _number(rule["version"])}
        existing = context.store.get("trackingPlanRules", _id_of(plan, rule))
        if existing:
            context.store.put("trackingPlanRules", existing | stored | {"updatedAt": now})
        else:
            context.store.add("trackingPlanRules", [stored | {"createdAt": now, "updatedAt": now}])


def _id_of(plan: Record, rule: Record) -> str:
    return f"{plan['id']}/{rule['type']}/{rule.get('key', '')}/{_number(rule['version'])}"


def _number(version: float) -> float:
    # 1.0 and 1 are the same version, and responses show 1.
    return int(version) if version == int(version) else version
