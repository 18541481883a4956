"""The documents of openapi/: valid, complete, described, and generated or listed throughout."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from opensandbox._wire.routes import STREAMED

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("lifecycle", "execd", "egress", "diagnostics")
METHODS = ("get", "put", "post", "patch", "delete")
CONSTRAINTS = ("minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "default")
each_document = pytest.mark.parametrize("name", DOCUMENTS)

Json = Any


@cache
def document(name: str) -> Json:
    """The parsed document."""
    return yaml.safe_load((ROOT / "openapi" / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def wire(name: str) -> Json:
    """The tables of what servers and programs in the wild speak."""
    path = ROOT / "tests" / "data" / "wire_operations.json"
    return json.loads(path.read_text(encoding="utf-8"))[name]


def operations(name: str) -> Iterator[tuple[str, str, Json]]:
    """Every operation: method, path, what the document says."""
    for path, item in document(name)["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def resolved(name: str, node: Json) -> Json:
    """The node, or what its reference leads to."""
    while "$ref" in node:
        target = document(name)
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def type_of(name: str, schema: Json) -> str:
    """A schema in the notation of the wire tables."""
    if "$ref" in schema:
        target = resolved(name, schema)
        if "properties" in target or "additionalProperties" not in target:
            return str(schema["$ref"]).rsplit("/", 1)[1]
        schema = target
    if "oneOf" in schema:
        return "|".join(sorted(type_of(name, member) for member in schema["oneOf"]))
    if "enum" in schema:
        return f"enum({', '.join(sorted(schema['enum']))})"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    nullable = "|null" if "null" in kinds else ""
    kind = kinds[0]
    if kind == "array":
        return f"{type_of(name, schema['items'])}[]{nullable}"
    if kind == "object":
        value = schema["additionalProperties"]
        return f"map<{'any' if value is True else type_of(name, value)}>{nullable}"
    format_ = schema.get("format")
    return f"{format_ if format_ in ('date-time', 'uuid', 'binary') else kind}{nullable}"


def answer_type(name: str, answer: Json) -> str | None:
    """What an answer carries, in the notation of the wire tables; None when it is empty."""
    content = resolved(name, answer).get("content", {})
    if "application/octet-stream" in content:
        return "bytes"
    if "text/event-stream" in content:
        return f"stream of {type_of(name, content['text/event-stream']['schema'])}"
    if "text/plain" in content:
        return "text/plain"
    return type_of(name, content["application/json"]["schema"]) if content else None


@each_document
def test_a_document_is_valid_openapi(name: str) -> None:
    validate(document(name))


@each_document
def test_a_document_has_exactly_the_operations_of_the_wire(name: str) -> None:
    expected = {(entry["method"], entry["path"]) for entry in wire(name)["operations"]}
    assert {(method, path) for method, path, _ in operations(name)} == expected


@each_document
def test_parameters_are_those_of_the_wire(name: str) -> None:
    found = {(method, path): operation for method, path, operation in operations(name)}
    for entry in wire(name)["operations"]:
        operation = found[entry["method"], entry["path"]]
        parameters = [resolved(name, node) for node in operation.get("parameters", [])]
        said = {
            (p["in"], p["name"]): {
                "required": p.get("required", False),
                "type": type_of(name, p["schema"]),
                "default": p["schema"].get("default"),
            }
            for p in parameters
        }
        wanted = {
            (p["in"], p["name"]): {
                "required": p["required"],
                "type": p["type"],
                "default": p.get("default"),
            }
            for p in entry["parameters"]
        }
        assert said == wanted, operation["operationId"]


@each_document
def test_bodies_are_those_of_the_wire(name: str) -> None:
    found = {(method, path): operation for method, path, operation in operations(name)}
    for entry in wire(name)["operations"]:
        operation = found[entry["method"], entry["path"]]
        body, wanted = operation.get("requestBody"), entry["body"]
        assert (body is None) == (wanted is None), operation["operationId"]
        if wanted is not None:
            assert body.get("required", False) == wanted["required"], operation["operationId"]
            schema = body["content"][wanted["content"]]["schema"]
            assert type_of(name, schema) == wanted["schema"], operation["operationId"]


@each_document
def test_answers_are_those_of_the_wire(name: str) -> None:
    found = {(method, path): operation for method, path, operation in operations(name)}
    for entry in wire(name)["operations"]:
        operation = found[entry["method"], entry["path"]]
        for status, wanted in entry["responses"].items():
            answer = operation["responses"].get(status)
            assert answer is not None, (operation["operationId"], status)
            assert answer_type(name, answer) == wanted, (operation["operationId"], status)
        successes = {status for status in operation["responses"] if status < "300"}
        assert successes <= set(entry["responses"]), operation["operationId"]


@each_document
def test_schemas_have_the_fields_and_constraints_of_the_wire(name: str) -> None:
    schemas = document(name)["components"]["schemas"]
    for title, fields in wire(name)["schemas"].items():
        schema = schemas[title]
        assert set(schema.get("properties", {})) == set(fields), title
        for field, wanted in fields.items():
            node = schema["properties"][field]
            place = f"{title}.{field}"
            assert type_of(name, node) == _in_order(wanted["type"]), place
            assert (field in schema.get("required", [])) == wanted["required"], place
            assert {key: node[key] for key in CONSTRAINTS if key in node} == {
                key: wanted[key] for key in CONSTRAINTS if key in wanted
            }, place


def _in_order(type_: str) -> str:
    if "|" in type_ and "null" not in type_:
        return "|".join(sorted(type_.split("|")))
    return type_


def recordings() -> list[Any]:
    """Every recorded request and answer, but those to what stands outside the documents."""
    path = ROOT / "tests" / "data" / "transcripts.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return [
        pytest.param(entry, id=f"{api}-{entry['name']}".replace(" ", "-"))
        for api in ("lifecycle", "execd")
        for entry in recorded[api]
        if not entry["request"]["path"].startswith(("/proxy/", "/nope"))
    ]


@pytest.mark.parametrize("entry", recordings())
def test_the_status_of_every_recorded_answer_is_documented(entry: Json) -> None:
    method, path = entry["request"]["method"], entry["request"]["path"]
    candidates = [
        (template.count("{"), operation)
        for name in DOCUMENTS
        for said, template, operation in operations(name)
        if said == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
    ]
    _, operation = min(candidates, key=lambda candidate: candidate[0])
    assert str(entry["response"]["status"]) in operation["responses"]


@each_document
def test_everything_is_described(name: str) -> None:
    silent = [
        operation["operationId"]
        for _, _, operation in operations(name)
        if not all(
            [
                operation.get("summary"),
                *(resolved(name, p).get("description") for p in operation.get("parameters", [])),
                *(resolved(name, r).get("description") for r in operation["responses"].values()),
                operation.get("requestBody", {"description": "none"}).get("description"),
            ]
        )
    ]
    for title, schema in document(name)["components"]["schemas"].items():
        silent += [] if schema.get("description") else [title]
        silent += [
            f"{title}.{field}"
            for field, node in schema.get("properties", {}).items()
            if not node.get("description")
        ]
    assert silent == []


@each_document
def test_every_operation_but_health_wants_the_header_of_its_api(name: str) -> None:
    schemes = document(name)["components"]["securitySchemes"]
    headers = {scheme["name"] for scheme in schemes.values() if scheme["in"] == "header"}
    assert (
        headers
        == {
            "lifecycle": {"OPEN-SANDBOX-API-KEY"},
            "diagnostics": {"OPEN-SANDBOX-API-KEY"},
            "execd": {"X-EXECD-ACCESS-TOKEN"},
            "egress": {"OPENSANDBOX-EGRESS-AUTH"},
        }[name]
    )
    assert document(name)["security"] == [{scheme: []} for scheme in schemes]
    open_ = [o["operationId"] for _, _, o in operations(name) if o.get("security") == []]
    assert open_ == (["get_health"] if name == "lifecycle" else [])


def test_operation_ids_are_the_same_in_no_two_places() -> None:
    ids = [o["operationId"] for name in DOCUMENTS for _, _, o in operations(name)]
    assert len(ids) == len(set(ids))


@each_document
def test_every_operation_is_either_generated_or_streamed(name: str) -> None:
    for _, path, operation in operations(name):
        id_, tag = operation["operationId"], operation["tags"][0]
        module = f"opensandbox_api.{name}.api.{tag}.{id_}"
        try:
            generated = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            generated = False
        assert generated != (id_ in STREAMED), path


def test_the_list_of_streamed_paths_says_what_the_documents_say() -> None:
    said = {o["operationId"]: (m, p) for name in DOCUMENTS for m, p, o in operations(name)}
    for id_, route in STREAMED.items():
        assert said[id_] == (route.method, route.template)


def test_a_streamed_path_encodes_what_is_put_into_it() -> None:
    assert STREAMED["get_command_logs"].path(id="a/b?c") == "/command/a%2Fb%3Fc/logs"
