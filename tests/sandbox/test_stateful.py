"""Each resource against a model of it: whatever is done in whatever order, both hold the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from connector.sandbox_kit import SandboxApp, SandboxError
from tests.sandbox import support
from tests.sandbox.state_machine import Machine
from tests.support.amount import amount

NAMES = st.text(alphabet='abcé☃ "\\', min_size=1, max_size=6)
SETTINGS = st.dictionaries(st.sampled_from(["websiteUrl", "apiHost"]), st.integers() | NAMES, max_size=2)
EXAMPLES = settings(
    max_examples=amount(8, 2),
    stateful_step_count=25,
)


NUMBERS = st.integers(0, 6)


class Sources(Machine):
    seed = {"warehouses": [{"id": "w", "metadataId": support.POSTGRES}]}

    @rule(slug=NAMES, enabled=st.booleans(), settings=SETTINGS, alone=st.booleans())
    def create(self, slug: str, enabled: bool, settings: dict[str, Any], alone: bool) -> None:
        body = {"slug": slug, "enabled": enabled, "metadataId": support.JAVASCRIPT, "settings": settings}
        taken = slug in [each["slug"] for each in self.model.values()]
        created = self.expect(422 if taken else 201, "POST", "/sources", body | {"disconnectAllWarehouses": alone})
        if created:
            source = created["source"]
            self.model[source["id"]] = {
                "slug": slug, "enabled": enabled, "settings": settings, "name": slug, "joined": not alone
            }  # fmt: skip

    @rule(
        number=NUMBERS,
        changes=st.fixed_dictionaries({}, optional={"name": NAMES, "enabled": st.booleans(), "settings": SETTINGS}),
    )
    def update(self, number: int, changes: dict[str, Any]) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "PATCH", f"/sources/{id_}", changes)
        if id_ in self.model:
            record = self.model[id_]
            merged = record["settings"] | changes.get("settings", {})
            self.model[id_] = record | changes | {"settings": merged}

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "DELETE", f"/sources/{id_}")
        self.model.pop(id_, None)

    @rule(number=NUMBERS, join=st.booleans())
    def connect(self, number: int, join: bool) -> None:
        id_ = self.some(number)
        joined = self.model.get(id_, {}).get("joined")
        status = 404 if joined is None or not (join or joined) else 201 if join else 200
        self.expect(status, "POST" if join else "DELETE", f"/warehouses/w/connected-sources/{id_}")
        if status != 404:
            self.model[id_]["joined"] = join

    @invariant()
    def both_hold_the_same(self) -> None:
        listed = self.listed("/sources", "sources")
        joined = set(self.listed("/warehouses/w/connected-sources", "sources"))
        assert list(listed) == list(self.model)
        assert joined == {id_ for id_, each in self.model.items() if each["joined"]}
        for id_, each in self.model.items():
            assert {key: value for key, value in each.items() if key != "joined"}.items() <= listed[id_].items()


class Destinations(Machine):
    seed = {"sources": [{"id": name, "slug": name, "metadataId": support.JAVASCRIPT} for name in ("s", "t")]}

    @rule(source=st.sampled_from(["s", "t", "u"]), many=st.booleans(), enabled=st.booleans())
    def create(self, source: str, many: bool, enabled: bool) -> None:
        metadata = support.MANY if many else support.AMPLITUDE
        body = {"sourceId": source, "metadataId": metadata, "enabled": enabled, "settings": {}}
        same = [each for each in self.model.values() if (each["sourceId"], each["metadata"]) == (source, metadata)]
        status = 422 if source == "u" else 400 if same and not many else 200
        created = self.expect(status, "POST", "/destinations", body)
        if created:
            self.model[created["destination"]["id"]] = {
                "sourceId": source, "metadata": metadata, "enabled": enabled, "name": "", "settings": {}
            }  # fmt: skip

    @rule(number=NUMBERS, name=st.none() | NAMES, site_id=NAMES)
    def update(self, number: int, name: str | None, site_id: str) -> None:
        id_ = self.some(number)
        changes = {"name": name, "settings": {"siteId": site_id}}
        self.expect(200 if id_ in self.model else 404, "PATCH", f"/destinations/{id_}", changes)
        if id_ in self.model:
            known = {"siteId": site_id} if self.model[id_]["metadata"] == support.MANY else {}
            self.model[id_] |= {"name": name or "", "settings": known}

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "DELETE", f"/destinations/{id_}")
        self.model.pop(id_, None)

    @invariant()
    def both_hold_the_same(self) -> None:
        listed = self.listed("/destinations", "destinations")
        visible = {id_: each | {"metadata": each["metadata"]["id"]} for id_, each in listed.items()}
        assert visible == {id_: each | {"id": id_} for id_, each in self.model.items()}


class Subscriptions(Machine):
    seed = {
        "sources": [{"id": "s", "slug": "s", "metadataId": support.JAVASCRIPT}],
        "destinations": [
            {"id": name, "sourceId": "s", "metadataId": "54521fd725e721e32a72eebb"} for name in ("d", "e")
        ],
    }

    @rule(name=NAMES, enabled=st.booleans(), action=st.sampled_from([support.ACTION, "another"]))
    def create(self, name: str, enabled: bool, action: str) -> None:
        body = {"name": name, "actionId": action, "trigger": "t", "enabled": enabled}
        created = self.expect(422 if action == "another" else 200, "POST", "/destinations/d/subscriptions", body)
        if created:
            self.model[created["destinationSubscription"]["id"]] = body

    @rule(number=NUMBERS, name=NAMES, destination=st.sampled_from(["d", "e"]))
    def update(self, number: int, name: str, destination: str) -> None:
        id_ = self.some(number)
        here = id_ in self.model and destination == "d"
        path = f"/destinations/{destination}/subscriptions/{id_}"
        self.expect(200 if here else 404, "PATCH", path, {"input": {"name": name}})
        if here:
            self.model[id_]["name"] = name

    @rule(number=NUMBERS, destination=st.sampled_from(["d", "e"]))
    def delete(self, number: int, destination: str) -> None:
        id_ = self.some(number)
        here = id_ in self.model and destination == "d"
        self.expect(200 if here else 404, "DELETE", f"/destinations/{destination}/subscriptions/{id_}")
        if here:
            del self.model[id_]

    @invariant()
    def both_hold_the_same(self) -> None:
        listed = self.listed("/destinations/d/subscriptions", "subscriptions")
        assert list(listed) == list(self.model)
        assert all(each.items() <= listed[id_].items() for id_, each in self.model.items())
        assert self.listed("/destinations/e/subscriptions", "subscriptions") == {}


class Warehouses(Machine):
    seed = {"sources": [{"id": "s", "slug": "s", "metadataId": support.JAVASCRIPT}]}

    @rule(name=st.none() | NAMES, password=NAMES, alone=st.booleans())
    def create(self, name: str | None, password: str, alone: bool) -> None:
        body = {"metadataId": support.SNOWFLAKE, "settings": {"password": password, "account": "a"}}
        named = body if name is None else body | {"name": name}
        created = self.expect(201, "POST", "/warehouses", named | {"disconnectAllSources": alone})["warehouse"]
        settings = {"account": "a"} | ({} if name is None else {"name": name})
        self.model[created["id"]] = {"settings": settings, "joined": not alone}

    @rule(number=NUMBERS, account=NAMES)
    def update(self, number: int, account: str) -> None:
        id_ = self.some(number)
        body = {"name": None, "settings": {"account": account}}
        self.expect(200 if id_ in self.model else 404, "PATCH", f"/warehouses/{id_}", body)
        if id_ in self.model:
            self.model[id_]["settings"] = {"account": account}

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "DELETE", f"/warehouses/{id_}")
        self.model.pop(id_, None)

    @invariant()
    def both_hold_the_same(self) -> None:
        listed = self.listed("/warehouses", "warehouses")
        for each in listed.values():
            assert each["settings"].pop("encrypted")
            assert each["settings"].pop("ciphertext")
        assert {id_: each["settings"] for id_, each in listed.items()} == {
            id_: each["settings"] for id_, each in self.model.items()
        }
        joined = {each["warehouseId"] for each in self.workspace.connections}
        assert joined == {id_ for id_, each in self.model.items() if each["joined"]}


class Functions(Machine):
    seed = {}

    @rule(name=NAMES, kind=st.sampled_from(["SOURCE", "INSERT_TRANSFORMATION", "PLANET"]))
    def create(self, name: str, kind: str) -> None:
        body = {"code": "c", "displayName": name, "resourceType": kind}
        created = self.expect(422 if kind == "PLANET" else 200, "POST", "/functions", body)
        if created:
            self.model[created["function"]["id"]] = body

    @rule(number=NUMBERS, code=NAMES)
    def update(self, number: int, code: str) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "PATCH", f"/functions/{id_}", {"code": code})
        if id_ in self.model:
            self.model[id_]["code"] = code

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "DELETE", f"/functions/{id_}")
        self.model.pop(id_, None)

    @invariant()
    def both_hold_the_same(self) -> None:
        for kind in ("SOURCE", "INSERT_TRANSFORMATION"):
            listed = self.listed(f"/functions?resourceType={kind}", "functions")
            assert list(listed) == [id_ for id_, each in self.model.items() if each["resourceType"] == kind]
        for id_, each in self.model.items():
            assert each.items() <= self.api.data("GET", f"/functions/{id_}")["function"].items()


class Transformations(Machine):
    seed = {"sources": [{"id": "s", "slug": "s", "metadataId": support.JAVASCRIPT}]}

    @rule(name=NAMES, source=st.sampled_from(["s", "t"]), drop=st.booleans())
    def create(self, name: str, source: str, drop: bool) -> None:
        body = {"name": name, "sourceId": source, "enabled": True, "if": "i", "drop": drop}
        created = self.expect(200 if source == "s" else 422, "POST", "/transformations", body)
        if created:
            self.model[created["transformation"]["id"]] = body

    @rule(number=NUMBERS, condition=NAMES, source=st.sampled_from(["s", "t"]))
    def update(self, number: int, condition: str, source: str) -> None:
        id_ = self.some(number)
        status = 404 if id_ not in self.model else 200 if source == "s" else 422
        self.expect(status, "PATCH", f"/transformations/{id_}", {"if": condition, "sourceId": source})
        if status == 200:
            self.model[id_]["if"] = condition

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        id_ = self.some(number)
        self.expect(200 if id_ in self.model else 404, "DELETE", f"/transformations/{id_}")
        self.model.pop(id_, None)

    @invariant()
    def both_hold_the_same(self) -> None:
        listed = self.listed("/transformations", "transformations")
        assert list(listed) == list(self.model)
        assert all(each.items() <= listed[id_].items() for id_, each in self.model.items())


class Users(Machine):
    seed = {}

    @initialize()
    def begin(self) -> None:
        self.invited: set[str] = set()

    @rule(names=st.lists(st.sampled_from("abcd"), max_size=3))
    def invite(self, names: list[str]) -> None:
        emails = [f"{name}@example.com" for name in names]
        body = {"invites": [{"email": email} for email in emails]}
        assert self.expect(201, "POST", "/invites", body) == {"emails": emails}
        self.invited |= set(emails)

    @rule(name=st.sampled_from("abcd"))
    def accept(self, name: str) -> None:
        email = f"{name}@example.com"
        if email not in self.invited:
            with pytest.raises(SandboxError):
                self.workspace.accept_invite(email)
            return
        user = self.workspace.accept_invite(email)["user"]
        self.invited.remove(email)
        self.model[user["id"]] = {"id": user["id"], "name": "", "email": email}

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=2))
    def delete(self, numbers: list[int]) -> None:
        ids = [self.some(number) for number in numbers]
        whole = set(ids) <= set(self.model)
        query = "&".join(f"userIds.{place}={id_}" for place, id_ in enumerate(ids))
        self.expect(200 if whole else 404, "DELETE", f"/users?{query}")
        if whole:
            self.model = {id_: each for id_, each in self.model.items() if id_ not in ids}

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.listed("/users", "users") == self.model
        assert {each["email"] for each in self.workspace.invites} == self.invited


@pytest.mark.parametrize(
    "machine",
    [Sources, Destinations, Subscriptions, Warehouses, Functions, Transformations, Users],
    ids=lambda machine: machine.__name__,
)
def test_resource_does_as_its_model(machine: type[Machine], url: str, site: SandboxApp) -> None:
    run_state_machine_as_test(type("Run", (machine,), {"url": url, "site": site}), settings=EXAMPLES)
