"""Write down every public name and signature of the package, so that a change of them is seen.

    python scripts/surface.py            write tests/surface.txt
    python scripts/surface.py --check    fail if it is not what would be written

Public is what a module without a leading underscore defines, lists in `__all__` or imports as
itself (`X as X`). A class is described once, under the module that programs import it from; the
other paths refer to it. Annotations are printed as the source has them, so the answer is the same
with every Python.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import enum
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import attrs

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "opensandbox"
TARGET = ROOT / "tests" / "surface.txt"
# Programs of their own, run but not imported.
NOT_IMPORTED = {"cli", "local", "__main__"}
SPECIAL = {
    "__aenter__",
    "__aexit__",
    "__aiter__",
    "__anext__",
    "__await__",
    "__enter__",
    "__exit__",
    "__iter__",
    "__len__",
    "__next__",
}
HEADING = "# Written by scripts/surface.py. Do not edit.\n"


def public_modules() -> list[str]:
    """The dotted names of all modules that programs may import."""
    names = []
    for path in (ROOT / PACKAGE).rglob("*.py"):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if not any(part.startswith("_") or part in NOT_IMPORTED for part in parts):
            names.append(".".join((PACKAGE, *parts)))
    return sorted(names)


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its `__all__`, or what it defines and what it imports as itself."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names if alias.asname == alias.name}
    return sorted(name for name in names if not name.startswith("_"))


def homes(modules: dict[str, ModuleType]) -> dict[int, str]:
    """For each class, by identity, the module under which it is described."""
    found: dict[int, str] = {}
    # The shorter paths only refer: `opensandbox` itself, then packages.
    for name in sorted(modules, key=lambda name: (-name.count("."), name)):
        for public in public_names(modules[name]):
            value = getattr(modules[name], public)
            if inspect.isclass(value):
                is_definition = value.__module__ == name
                if is_definition or id(value) not in found:
                    found[id(value)] = name
    return found


def describe() -> str:
    """The whole surface as text."""
    modules = {name: importlib.import_module(name) for name in public_modules()}
    where = homes(modules)
    lines = [HEADING]
    for name, module in modules.items():
        names = public_names(module)
        if not names:
            continue
        lines.append(f"\n{name}")
        for public in names:
            value = getattr(module, public)
            if inspect.isclass(value) and where[id(value)] != name:
                lines.append(f"  {public}: see {where[id(value)]}")
            else:
                lines += [f"  {line}" for line in describe_value(public, value)]
    lines.append("\nwhat some of them derive from")
    for base in private_bases(modules):
        lines += [f"  {line}" for line in describe_class(base)]
    return "\n".join(lines) + "\n"


def private_bases(modules: dict[str, ModuleType]) -> list[type]:
    """The classes of ours that have no public path, but whose members public classes inherit."""
    public = [
        value
        for name, module in modules.items()
        for value in (getattr(module, public) for public in public_names(module))
        if inspect.isclass(value)
    ]
    bases = {base for cls in public for base in cls.__mro__} - set(public)
    ours = (base for base in bases if base.__module__.partition(".")[0] == PACKAGE)
    return sorted(ours, key=lambda base: (base.__module__, base.__qualname__))


def describe_value(name: str, value: object) -> Iterator[str]:
    """One public name of a module."""
    if inspect.isclass(value):
        yield from describe_class(value)
    elif isinstance(value, FunctionType):
        yield from signatures(name, value)
    elif isinstance(value, str | int | float):
        yield f"{name} = {value!r}"
    else:
        yield name


def describe_class(cls: type) -> Iterator[str]:
    """A class: what it derives from, its fields or constructor, its public members."""
    bases = [base.__name__ for base in cls.__bases__ if base is not object]
    yield f"class {cls.__name__}" + (f"({', '.join(bases)})" if bases else "")
    fields: set[str] = set()
    if issubclass(cls, enum.Enum):
        yield from (f"  {member.name} = {member.value!r}" for member in cls)
        return
    if attrs.has(cls):
        inherited = {
            field.name for base in cls.__bases__ if attrs.has(base) for field in attrs.fields(base)
        }
        for field in attrs.fields(cls):
            fields.add(field.name)
            if field.init and field.name not in inherited and not field.name.startswith("_"):
                yield f"  {field_line(field)}"
    elif isinstance(cls.__dict__.get("__init__"), FunctionType):
        yield from (f"  {line}" for line in signatures("__init__", cls.__dict__["__init__"]))
    for name in members(cls):
        if name not in fields:
            yield from (f"  {line}" for line in describe_member(name, vars(cls)[name]))


def members(cls: type) -> list[str]:
    """The public members of a class, without those it inherits."""
    return sorted(name for name in vars(cls) if name in SPECIAL or not name.startswith("_"))


def describe_member(name: str, member: object) -> Iterator[str]:
    """One member of a class."""
    if isinstance(member, property):
        returns = typing.cast(FunctionType, member.fget).__annotations__.get("return", "?")
        yield f"property {name}: {annotation(returns)}"
    elif isinstance(member, classmethod | staticmethod):
        kind = type(member).__name__
        yield from (f"{kind} {line}" for line in signatures(name, member.__func__))
    elif isinstance(member, FunctionType):
        yield from signatures(name, member)
    else:
        yield f"attribute {name}"


def signatures(name: str, function: typing.Any) -> Iterator[str]:
    """The signature, or the overloads, of a function."""
    target = inspect.unwrap(function)
    prefix = "async " if inspect.iscoroutinefunction(function) else ""
    for variant in typing.get_overloads(target) or [target]:
        yield f"{prefix}{name}{signature(variant)}"


def signature(function: typing.Any) -> str:
    """`(a: int, *, b: str = 'x') -> None`, without `self` or `cls`."""
    parts, star_seen = [], False
    found = inspect.signature(function)
    for place, parameter in enumerate(found.parameters.values()):
        if place == 0 and parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star_seen:
            parts.append("*")
            star_seen = True
        star_seen = star_seen or parameter.kind is parameter.VAR_POSITIONAL
        stars: dict[object, str] = {
            parameter.VAR_POSITIONAL: "*",
            parameter.VAR_KEYWORD: "**",
        }
        text = stars.get(parameter.kind, "") + parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {annotation(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {default(parameter.default)}"
        parts.append(text)
    returns = found.return_annotation
    arrow = "" if returns is found.empty else f" -> {annotation(returns)}"
    return f"({', '.join(parts)}){arrow}"


def field_line(field: attrs.Attribute[object]) -> str:
    """`name: type = default` of an attrs field."""
    text = f"{field.name}: {annotation(field.type)}"
    if hasattr(field.default, "factory"):
        return f"{text} = ..."
    return text if field.default is attrs.NOTHING else f"{text} = {default(field.default)}"


def annotation(value: object) -> str:
    """An annotation as the source has it."""
    if isinstance(value, str):
        return value.strip("'\"")
    return "None" if value in (None, type(None)) else getattr(value, "__name__", repr(value))


def default(value: object) -> str:
    """A default value, the same in every run and with every Python."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(default(item) for item in value)) + "}"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    check = parser.parse_args().check
    sys.path[:0] = [str(ROOT), str(ROOT / "generated")]
    text = describe()
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    difference = difflib.unified_diff(
        before.splitlines(), text.splitlines(), "tests/surface.txt", "the package", lineterm="", n=1
    )
    lines = list(difference)
    if lines:
        print("\n".join(lines))
        print("The public surface changed. If that is meant, run `make sync` and commit the file.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
