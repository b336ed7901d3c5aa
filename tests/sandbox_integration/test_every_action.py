"""All actions and data sources over HTTP, in the order in which one works with a workspace."""

from __future__ import annotations

from typing import Any

import pytest

import connector
from connector.errors import NotFoundError
from connector.sandbox_kit.sandbox import Sandbox
from tests.support.reference import documented_definitions

DAY = {"granularity": "DAY", "startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-03T00:00:00Z"}
SETTING = {
    "name": "apiKey",
    "label": "API key",
    "description": "A key",
    "type": "STRING",
    "required": True,
    "sensitive": True,
}


class Customer:
    """Runs actions, and remembers which."""

    def __init__(self, runner: connector.Runner) -> None:
        self.runner = runner
        self.done: set[str] = set()

    def __call__(self, key: str, **inputs: Any) -> Any:
        self.done.add(key)
        return self.runner.invoke(key, inputs)["data"]["data"]

    def refused(self, key: str, **inputs: Any) -> bool:
        self.done.add(key)
        with pytest.raises(NotFoundError):
            self.runner.invoke(key, inputs)
        return True

    def choices(self, key: str) -> set[str]:
        self.done.add(key)
        return {choice["key"] for choice in self.runner.choices(key)["result"]}

    def by_slug(self, key: str, root: str, slug: str) -> Any:
        return next(each for each in self(key, fetchAll=True)[root] if each["slug"] == slug)


def test_workspace_is_built_changed_listed_and_deleted(
    segment: connector.Component, workspace: Sandbox, runner: connector.Runner
) -> None:
    do = Customer(runner)
    before = workspace.dump()

    ids = build(do)
    change(do, ids)
    look(do, workspace, ids)
    workspace.accept_invite("sloth@example.com")
    take_apart(do, ids)

    # What came after the documented actions has a test module of its own.
    assert do.done == {*documented_definitions()["actions"], *documented_definitions()["data_sources"]}
    after = workspace.dump()
    assert {kind for kind in before if before[kind] != after[kind]} == set()


def build(do: Customer) -> dict[str, str]:
    ids = {}
    web = do.by_slug("listSourcesCatalog", "sourcesCatalog", "javascript")
    assert do("getSourceMetadata", sourceMetadataId=web["id"])["sourceMetadata"] == web
    source = do("createSource", slug="shop", enabled=True, metadataId=web["id"], disconnectAllWarehouses=True)["source"]
    ids["sourceId"] = source["id"]
    assert source["writeKeys"]

    store = do.by_slug("listWarehousesCatalog", "warehousesCatalog", "postgres")
    assert do("getWarehouseMetadata", warehouseMetadataId=store["id"])["warehouseMetadata"] == store
    body = {"metadataId": store["id"], "settings": {"password": "p"}, "disconnectAllSources": True}
    created = do.runner.invoke("rawRequest", {"url": "/warehouses", "method": "POST", "data": body})
    do.done.add("rawRequest")
    ids["warehouseId"] = created["data"]["data"]["warehouse"]["id"]
    both = {"warehouseId": ids["warehouseId"], "sourceId": ids["sourceId"]}
    assert do("addConnectionFromSourceToWarehouse", **both) == {"status": "CONNECTED"}

    kinesis = do.by_slug("listDestinationCatalog", "destinationsCatalog", "amazon-kinesis")
    assert do("getDestinationMetadata", destinationMetadataId=kinesis["id"])["destinationMetadata"] == kinesis
    settings = {"region": "us-west", "stream": "s"}
    destination = do(
        "createDestination", sourceId=ids["sourceId"], metadataId=kinesis["id"], name="K", settings=settings
    )["destination"]
    ids["destinationId"] = destination["id"]
    return {**ids, **build_the_rest(do, destination)}


def build_the_rest(do: Customer, destination: dict[str, Any]) -> dict[str, str]:
    acting = next(
        each for each in do("listDestinationCatalog", fetchAll=True)["destinationsCatalog"] if each["actions"]
    )
    host = do(
        "createDestination", sourceId=destination["sourceId"], metadataId=acting["id"], settings={"trackingId": "1"}
    )["destination"]
    subscription = do(
        "createDestinationSubscription",
        destinationId=host["id"],
        actionId=acting["actions"][0]["id"],
        name="All",
        trigger='type = "track"',
        enabled=True,
    )["destinationSubscription"]
    function = do("createFunction", code="x", displayName="F", resourceType="SOURCE", settings=[SETTING])["function"]
    transformation = do(
        "createTransformation", name="T", sourceId=destination["sourceId"], enabled=True, ifInput="event = 'x'"
    )["transformation"]
    invite = {"email": "sloth@example.com", "permissions": []}
    assert do("createUserInvites", invites=[invite]) == {"emails": ["sloth@example.com"]}
    return {
        "hostId": host["id"],
        "subscriptionId": subscription["id"],
        "functionId": function["id"],
        "transformationId": transformation["id"],
    }


def change(do: Customer, ids: dict[str, str]) -> None:
    changed = do("updateSource", sourceId=ids["sourceId"], name="The shop", settings={"websiteUrl": "https://a.b"})
    assert (changed["source"]["name"], changed["source"]["settings"]["websiteUrl"]) == ("The shop", "https://a.b")
    warehouse = do("updateWarehouse", warehouseId=ids["warehouseId"], enabled=False, settings={"port": "5432"})
    assert (warehouse["warehouse"]["enabled"], "password" in warehouse["warehouse"]["settings"]) == (False, False)
    destination = do("updateDestination", destinationId=ids["destinationId"], name=None, enabled=False)["destination"]
    assert (destination["name"], destination["enabled"]) == ("", False)
    subscription = do(
        "updateDestinationSubscription",
        destinationId=ids["hostId"],
        subscriptionId=ids["subscriptionId"],
        enabled=False,
    )["subscription"]
    assert (subscription["name"], subscription["enabled"]) == ("All", False)
    assert do("updateFunction", functionId=ids["functionId"], code="y")["function"]["code"] == "y"
    changed = do("updateTransformation", transformationId=ids["transformationId"], ifInput="event = 'z'")
    assert changed["transformation"]["if"] == "event = 'z'"


def look(do: Customer, workspace: Sandbox, ids: dict[str, str]) -> None:
    for key, root, parameter in (
        ("getSource", "source", "sourceId"),
        ("getWarehouse", "warehouse", "warehouseId"),
        ("getDestination", "destination", "destinationId"),
        ("getFunction", "function", "functionId"),
        ("getTransformation", "transformation", "transformationId"),
    ):
        assert do(key, **{parameter: ids[parameter]})[root]["id"] == ids[parameter]
    for key, root, parameter in (
        ("listSources", "sources", "sourceId"),
        ("listWarehouses", "warehouses", "warehouseId"),
        ("listDestinations", "destinations", "destinationId"),
        ("listTransformations", "transformations", "transformationId"),
    ):
        listed = [record["id"] for record in do.runner.records(key, {"count": 2})]
        assert listed == [record["id"] for record in getattr(workspace, root)]
        assert do(key, count=1)["pagination"]["totalEntries"] == len(listed)
        assert ids[parameter] in listed
    within = {"destinationId": ids["hostId"], "subscriptionId": ids["subscriptionId"]}
    assert do("getDestinationSubscription", **within)["subscription"]["id"] == ids["subscriptionId"]
    listed = do("listDestinationSubscriptions", destinationId=ids["hostId"])["subscriptions"]
    assert [record["id"] for record in listed] == [ids["subscriptionId"]]
    assert ids["functionId"] in {f["id"] for f in do("listFunctions", resourceType="SOURCE")["functions"]}
    connected = do("listConnectedSourcesFromWarehouse", warehouseId=ids["warehouseId"])["sources"]
    assert [record["id"] for record in connected] == [ids["sourceId"]]
    volume = do("getEventsVolumeFromWorkspace", **DAY, groupBy=["source"], sourceId=[ids["sourceId"]])
    assert volume["result"][0]["source"]["slug"] == "shop"
    assert ids["sourceId"] in do.choices("sources")
    assert ids["warehouseId"] in do.choices("warehouses")
    assert ids["destinationId"] in do.choices("destination")


def take_apart(do: Customer, ids: dict[str, str]) -> None:
    users = do("listUsers")["users"]
    sloth = next(user for user in users if user["email"] == "sloth@example.com")
    assert do("getUser", userId=sloth["id"])["user"]["permissions"] == []
    assert do("deleteUser", userIds=[sloth["id"]]) == {"status": "SUCCESS"}
    assert do.refused("getUser", userId=sloth["id"])
    both = {"warehouseId": ids["warehouseId"], "sourceId": ids["sourceId"]}
    assert do("removeSourceConnectionFromWarehouse", **both) == {"status": "SUCCESS"}
    within = {"destinationId": ids["hostId"], "subscriptionId": ids["subscriptionId"]}
    assert do("deleteDestinationSubscription", **within) == {"status": "SUCCESS"}
    assert do.refused("getDestinationSubscription", **within)
    for resource, parameter in (
        ("Transformation", "transformationId"),
        ("Function", "functionId"),
        ("Destination", "destinationId"),
        ("Warehouse", "warehouseId"),
        ("Source", "sourceId"),
    ):
        named = {parameter: ids[parameter]}
        assert do(f"delete{resource}", **named) == {"status": "SUCCESS"}
        assert do.refused(f"get{resource}", **named)


def test_example_ids_of_all_reads_exist(segment: connector.Component, runner: connector.Runner) -> None:
    for action in segment.actions.values():
        if action.effect == "read":
            fields = action.input_schema["properties"]
            examples = {key: example(fields[key]) for key in action.input_schema.get("required", ())}
            if action.key == "getDestinationSubscription":
                examples["destinationId"] = "fP7qoQw2HTWt9WdMr718gn"  # the one with subscriptions
            assert runner.invoke(action.key, examples)["data"]["data"], action.key


def example(field: dict[str, Any]) -> Any:
    return field["examples"][0] if "examples" in field else field["oneOf"][0]["const"]
