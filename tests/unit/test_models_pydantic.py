"""Our values inside pydantic: fields of its models, in a TypeAdapter, in what FastAPI answers."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from opensandbox import ConnectionConfig
from opensandbox.models._model import Model
from opensandbox.models.execd import Execution, RunCommandOpts
from opensandbox.models.filesystem import WriteEntry
from opensandbox.models.sandboxes import (
    NetworkPolicy,
    NetworkRule,
    SandboxImageSpec,
    SandboxInfo,
    SandboxStatus,
)

MODULES = ("diagnostics", "execd", "filesystem", "isolated", "sandboxes", "templates", "vault")
EVERY: set[type[Model]] = {
    value
    for module in MODULES
    for value in vars(importlib.import_module(f"opensandbox.models.{module}")).values()
    if inspect.isclass(value) and issubclass(value, Model) and value is not Model
}
INFO = SandboxInfo(
    id="s-1",
    status=SandboxStatus(state="Running"),
    entrypoint=["tail"],
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    image=SandboxImageSpec("python:3.11"),
)
WRITTEN = {
    "id": "s-1",
    "status": {"state": "Running"},
    "entrypoint": ["tail"],
    "created_at": "2026-01-02T00:00:00Z",
    "image": {"image": "python:3.11"},
}


class Room(BaseModel):
    """A program's own model."""

    info: SandboxInfo
    policy: NetworkPolicy = NetworkPolicy(egress=[NetworkRule(action="allow", target="a.b")])


def test_a_value_stays_itself_in_a_model_of_pydantics() -> None:
    room = Room(info=INFO)
    assert room.info is INFO
    assert json.loads(room.model_dump_json(by_alias=True, exclude_none=True)) == {
        "info": WRITTEN,
        "policy": {"defaultAction": "deny", "egress": [{"action": "allow", "target": "a.b"}]},
    }
    assert room.model_dump()["info"] == INFO.model_dump()
    assert room.model_dump(include={"info": {"status": {"state"}}}) == {
        "info": {"status": {"state": "Running"}}
    }


def test_what_pydantic_wrote_it_reads_again() -> None:
    room = Room(info=INFO)
    assert Room.model_validate_json(room.model_dump_json()) == room
    assert Room.model_validate(room.model_dump(by_alias=True)) == room
    several = TypeAdapter(list[SandboxInfo])
    assert several.validate_json(several.dump_json([INFO])) == [INFO]


def test_a_value_is_written_where_anything_may_stand() -> None:
    class Told(BaseModel):
        data: Any

    assert json.loads(Told(data=[INFO]).model_dump_json(exclude_none=True)) == {"data": [WRITTEN]}
    assert json.loads(to_json(INFO, exclude_none=True)) == WRITTEN


def test_without_pydantic_all_attributes_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opensandbox.models._pydantic", None)
    assert dict(inspect.getmembers(SandboxInfo)).keys() >= {"id", "model_dump"}
    assert not hasattr(INFO, "__pydantic_serializer__")


def test_what_does_not_fit_is_pydantics_error_in_our_words() -> None:
    with pytest.raises(ValidationError, match=r"SandboxInfo.status is required") as caught:
        Room.model_validate({"info": {"id": "a"}})
    assert caught.value.errors()[0]["loc"] == ("info",)


@pytest.mark.parametrize("kind", sorted(EVERY, key=str))
def test_pydantic_takes_every_kind_of_value(kind: type[Model]) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    if kind.__name__ == "ExecutionHandlers":  # functions have no JSON schema
        return
    schema = adapter.json_schema(mode="serialization")
    assert schema["title"] == kind.__name__
    assert schema["description"] == inspect.getdoc(kind)
    names = set(inspect.signature(kind).parameters)
    assert len(schema["properties"]) == len(names)


def test_files_and_durations_go_through() -> None:
    data = object()
    entry = WriteEntry(path="/a", data="x")
    assert TypeAdapter(WriteEntry).dump_python(entry)["data"] == "x"
    with pytest.raises(ValidationError):
        TypeAdapter(WriteEntry).validate_python({"path": "/a", "data": data})
    opts = TypeAdapter(RunCommandOpts).validate_json('{"timeout": 1.5}')
    assert opts == RunCommandOpts(timeout=1.5)
    assert TypeAdapter(Execution).dump_python(Execution(exit_code=3))["exit_code"] == 3


def test_a_config_is_a_field_too() -> None:
    class Settings(BaseModel):
        sandboxes: ConnectionConfig

    config = ConnectionConfig(domain="a:1")
    assert Settings(sandboxes=config).sandboxes is config
    read = Settings.model_validate({"sandboxes": {"domain": "a:1"}})
    assert read.sandboxes == config
    assert read.model_dump()["sandboxes"]["domain"] == "a:1"
    with pytest.raises(ValidationError, match="has no 'domian'"):
        Settings.model_validate({"sandboxes": {"domian": "a:1"}})


app = FastAPI()


@app.get("/info", response_model_exclude_none=True)
async def info() -> SandboxInfo:
    return INFO


@app.post("/policy")
async def policy(policy: Annotated[NetworkPolicy, Body()]) -> list[str]:
    return [rule.target for rule in policy.egress or ()]


async def test_fastapi_answers_with_it_and_its_pages_show_the_fields() -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        assert (await client.get("/info")).json() == WRITTEN
        sent = {"defaultAction": "deny", "egress": [{"action": "allow", "target": "a.b"}]}
        assert (await client.post("/policy", json=sent)).json() == ["a.b"]
        assert (await client.post("/policy", json={"egres": []})).status_code == 422
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["SandboxInfo"]["properties"]["status"] == {
        "$ref": "#/components/schemas/SandboxStatus"
    }
    assert "defaultAction" in schemas["NetworkPolicy"]["properties"]
