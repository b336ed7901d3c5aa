from typing import Annotated, Any, Literal

from pydantic import MISSING, Field

from connector import Context, Input, Inputs, Payload, Undo, action

Id = Annotated[str, Field(min_length=1), Input(label="Thing ID")]
Name = Annotated[str, Input(label="Name")]
Colour = Annotated[Literal["red", "blue"], Input(label="Colour", choices={"red": "Red", "blue": "Blue"})]
Size = Annotated[int, Field(ge=1, le=10), Input(label="Size")]
Settings = Annotated[dict[str, Any], Input(label="Settings", collection="keyvaluelist", key_label="Name", secret=True)]


class Nothing(Inputs):
    pass


class Echo(Inputs):
    value: Annotated[Any, Input(label="Value")] | MISSING = MISSING
    many: Annotated[list[Any], Input(label="Many", collection="valuelist")] | MISSING = MISSING
    pairs: Annotated[dict[str, Any], Input(label="Pairs", collection="keyvaluelist")] | MISSING = MISSING
    fetch_all: Annotated[bool, Input(label="Fetch All", type="boolean", in_prismatic=False)] | MISSING = MISSING


class NewThing(Inputs):
    name: Name
    colour: Colour | MISSING = MISSING
    size: Size | MISSING = MISSING
    settings: Settings | MISSING = MISSING


class OneThing(Inputs):
    thing_id: Id


class ChangedThing(OneThing):
    name: Name | MISSING | None = MISSING


@action("noop")
def noop(context: Context, inputs: Nothing) -> Payload:
    return {"data": None}


@action("echo")
def echo(context: Context, inputs: Echo) -> Payload:
    return {"data": inputs.body("value", "many", "pairs")}


@action("sort", branches=("Small", "Big"))
def sort(context: Context, inputs: Echo) -> Payload:
    """Take the branch `Big` for a long value, and no branch for `broken`."""
    text = str(inputs.value)
    return {"data": text, "branch": text if text == "broken" else "Big" if len(text) > 3 else "Small"}


@action("listThings")
def list_things(context: Context, inputs: Nothing) -> Payload:
    return context.api.get("things")


@action("createThing", effect="write", undo=Undo(action="deleteThing", inputs={"thingId": "results.thing.id"}))
def create_thing(context: Context, inputs: NewThing) -> Payload:
    return context.api.post("things", json=inputs.body("name", "colour", "size", "settings"))


@action("updateThing", effect="write", idempotent=True, prismatic_bug="it changes another thing")
def update_thing(context: Context, inputs: ChangedThing) -> Payload:
    return context.api.patch("things", inputs.thing_id, json=inputs.body("name"))


@action("deleteThing", effect="destructive", idempotent=True)
def delete_thing(context: Context, inputs: OneThing) -> Payload:
    return context.api.delete("things", inputs.thing_id)
