"""Programs written for client 1.1.1 find every name they import, as they call it.

`tests/data/surface_1_1_1.json` lists those names by module: kinds, parameters, fields, defaults.
What differs stands in a table below, with the reason; a row that no difference needs fails too.
How that client's values check their own fields is no public API, and not listed.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from opensandbox.models._dump import name as name_of
from opensandbox.models._model import Model

LIST = Path(__file__).resolve().parents[1] / "data" / "surface_1_1_1.json"
SURFACE: dict[str, Any] = json.loads(LIST.read_text(encoding="utf-8"))

_BUILT = "what takes service objects is built by this package, and by nobody else"
_IDLE = "servers close idle connections after 5 s: ours idle for 3 s at most"
_AGENT = "the version is our own"
#: What rightly differs: gaps that begin like this, each with its reason.
DIFFERENCES: dict[str, str] = {
    "opensandbox.sandbox.Sandbox.__init__": _BUILT,
    "opensandbox.sync.sandbox.SandboxSync.__init__": _BUILT,
    "opensandbox.manager.SandboxManager.__init__": _BUILT,
    "opensandbox.sync.manager.SandboxManagerSync.__init__": _BUILT,
    "opensandbox.config.connection.ConnectionConfig.user_agent": _AGENT,
    "opensandbox.config.connection_sync.ConnectionConfigSync.user_agent": _AGENT,
    **{
        f"opensandbox.config.{config}.{method}(keepalive_expiry)": _IDLE
        for config in ("connection.ConnectionConfig", "connection_sync.ConnectionConfigSync")
        for method in ("new_owned_transport", "with_transport_if_missing")
    },
}


def gaps(module_name: str) -> Iterator[str]:
    """What a module lacks, one line for each."""
    wanted = SURFACE[module_name]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        yield f"{module_name}: cannot be imported: {error}"
        return
    for name in [*wanted["re_exports"], *wanted["names"]]:
        place = f"{module_name}.{name}"
        if not hasattr(module, name):
            yield f"{place}: missing"
        elif name in wanted["names"]:
            yield from gaps_of(place, wanted["names"][name], getattr(module, name))


def gaps_of(place: str, wanted: dict[str, Any], found: Any) -> Iterator[str]:
    """What one name lacks."""
    if wanted["kind"] == "constant":
        if found != read(wanted["value"]):
            yield f"{place}: is {found!r}, not {wanted['value']}"
        return
    if wanted["kind"] == "function":
        yield from gaps_of_call(place, wanted, found)
        return
    for name, field in wanted.get("fields", {}).items():
        yield from gaps_of_field(f"{place}.{name}", name, field, found)
    for name, member in wanted.get("members", {}).items():
        if name.startswith("__aenter") or name.startswith("__aexit"):
            continue  # the next test enters them all
        static = member["kind"] == "property"
        look = inspect.getattr_static if static else getattr
        yield from gaps_of_member(f"{place}.{name}", member, look(found, name, None))


def gaps_of_member(place: str, wanted: dict[str, Any], found: Any) -> Iterator[str]:
    """What a member of a class lacks."""
    if found is None:
        yield f"{place}: missing"
    elif wanted["kind"] == "value":
        if not isinstance(found, enum.Enum) or found.value != wanted["value"]:
            yield f"{place}: is {found!r}, not {wanted['value']!r}"
    elif wanted["kind"] == "property":
        if callable(found):
            yield f"{place}: is called, not read"
    else:
        yield from gaps_of_call(place, wanted, found)


def gaps_of_field(place: str, name: str, wanted: dict[str, Any], cls: Any) -> Iterator[str]:
    """What a field of a value lacks."""
    parameters = inspect.signature(cls).parameters
    if name not in parameters:
        yield f"{place}: missing"
        return
    yield from gaps_of_default(place, wanted, parameters[name])
    if issubclass(cls, Model):
        alias = wanted.get("wire", name)
        known = {field.name: name_of(field, by_alias=True) for field in attrs.fields(cls)}
        if known[name] != alias:
            yield f"{place}: is called {known[name]!r} by alias, not {alias!r}"


def gaps_of_call(place: str, wanted: dict[str, Any], found: Any) -> Iterator[str]:
    """What the parameters of a function lack."""
    given = inspect.signature(found)
    if wanted.get("asynchronous", False) != is_awaited(found):
        yield f"{place}: {'has' if wanted.get('asynchronous') else 'is not'} to be awaited"
    parameters = {n: p for n, p in given.parameters.items() if n not in ("self", "cls")}
    positional = [n for n, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
    expected = [p for p in wanted["parameters"] if not p.get("keyword_only")]
    for place_in_line, parameter in enumerate(expected):
        name = parameter["name"]
        if name in parameters and positional[place_in_line : place_in_line + 1] != [name]:
            yield f"{place}({name}): is not the positional parameter {place_in_line + 1}"
    for parameter in wanted["parameters"]:
        name = parameter["name"]
        if name not in parameters:
            yield f"{place}({name}): missing"
        else:
            yield from gaps_of_default(f"{place}({name})", parameter, parameters[name])
    names = {parameter["name"] for parameter in wanted["parameters"]}
    for name, extra in parameters.items():
        variable = extra.kind in (extra.VAR_POSITIONAL, extra.VAR_KEYWORD)
        if name not in names and extra.default is extra.empty and not variable:
            yield f"{place}({name}): is asked for, and was not"


def is_awaited(function: Any) -> bool:
    """Whether what a function gives has to be awaited, or may be."""
    if inspect.iscoroutinefunction(function):
        return True
    if not inspect.isroutine(function):  # called by way of a descriptor
        return inspect.iscoroutinefunction(type(function).__call__)
    home = inspect.getmodule(function)
    answer = getattr(home, function.__annotations__.get("return") or "", None)
    return isinstance(answer, type) and issubclass(answer, Awaitable)


def gaps_of_default(place: str, wanted: dict[str, Any], found: inspect.Parameter) -> Iterator[str]:
    """Whether a default is the same; optional may become required nowhere."""
    if "default" not in wanted:
        return
    if found.default is found.empty:
        yield f"{place}: has no default, was {wanted['default']}"
        return
    try:
        expected = read(wanted["default"])
    except Unreadable:
        return
    default = factory_default(found)
    if default != expected:
        yield f"{place}: has the default {default!r}, was {wanted['default']}"


def factory_default(found: inspect.Parameter) -> Any:
    """The default of a parameter; what attrs makes anew each time is an empty mapping."""
    return {} if found.default is attrs.NOTHING else found.default


class Unreadable(Exception):
    """A default that is written down only as what it looks like."""


def read(text: str) -> Any:
    """The value that a text of the list stands for."""
    names = {"timedelta": timedelta, "dict": dict, "list": list}
    try:
        if text == "...":
            raise Unreadable(text)
        return eval(text, {"__builtins__": {}}, names)
    except (SyntaxError, NameError, AttributeError, TypeError):
        raise Unreadable(text) from None


def explained(gap: str) -> str | None:
    """The row of the table that a gap belongs to."""
    return next((row for row in DIFFERENCES if gap.startswith(row)), None)


@pytest.mark.parametrize("module_name", sorted(SURFACE))
def test_every_name_is_there_and_called_as_before(module_name: str) -> None:
    unexplained = [gap for gap in gaps(module_name) if explained(gap) is None]
    assert not unexplained, "\n" + "\n".join(unexplained)


def test_every_difference_that_is_explained_exists() -> None:
    met = {explained(gap) for module_name in SURFACE for gap in gaps(module_name)}
    assert sorted(set(DIFFERENCES) - met) == []


@pytest.mark.parametrize(
    "room", ["command", "filesystem", "egress", "health", "metrics", "diagnostics", "isolated"]
)
def test_services_have_their_blocking_twins(room: str) -> None:
    twins = importlib.import_module(f"opensandbox.sync.services.{room}")
    for name in SURFACE[f"opensandbox.services.{room}"]["names"]:
        assert hasattr(twins, f"{name}Sync"), f"{twins.__name__}.{name}Sync"


def test_what_no_list_holds_and_programs_import_all_the_same() -> None:
    old = importlib.import_module("opensandbox.exceptions.sandbox")
    for name, cls in SURFACE["opensandbox.exceptions"]["names"].items():
        if cls["kind"] != "constant":
            assert getattr(old, name) is getattr(importlib.import_module("opensandbox"), name)
    twins = importlib.import_module("opensandbox.sync.services.isolated")
    assert twins.IsolationServiceSyncMixin is twins.IsolationServiceSync
