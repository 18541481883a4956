"""Which functions of a source tree lead to which operations of the contract, read from the source.

Rules:

* Types are sets of names of the tree's own classes, read from annotations, constructors and
  assignments: enough to know what `self._service`, `sandbox.files` or a parameter is. What cannot
  be told is left out.
* To refer to a function is to lead to it, wherever in the body that stands: a callback is called.
* An operation is reached where its generated function or its entry in `STREAMED` is named.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

_GENERATED = ("asyncio_detailed", "sync_detailed")
_ENTERED = ("__aenter__", "__aexit__", "__enter__", "__exit__")
_LOOPS = ("__aiter__", "__iter__")
#: Assignments are read this often, so that one may stand on another.
_ROUNDS = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
Types = frozenset[str]
NOTHING: Types = frozenset()


class Place(NamedTuple):
    """A function: its file, its class (empty: none) and its name."""

    file: Path
    owner: str
    name: str


class Look(NamedTuple):
    """What an attribute is: the functions that it refers to, and the classes of what it gives."""

    functions: set[Place]
    value: Types
    answer: Types


class ClassOf:
    """A class of the tree."""

    def __init__(self, file: Path, node: ast.ClassDef) -> None:
        self.file, self.name = file, node.name
        self.bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        self.functions = {item.name: item for item in node.body if isinstance(item, Function)}
        self.values = {
            target.id: item.value
            for item in node.body
            if isinstance(item, ast.Assign)
            for target in item.targets
            if isinstance(target, ast.Name)
        }


class Tree:
    """Source files that are read together."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.classes: dict[str, ClassOf] = {}
        self.nodes: dict[Place, Function] = {}
        self.constants: dict[Path, dict[str, str]] = {}
        self._imports: dict[Path, dict[str, str]] = {}
        self._by_name: dict[str, list[Place]] = {}
        for file in files:
            self._read(file, ast.parse(file.read_text(encoding="utf-8")))

    def _read(self, file: Path, module: ast.Module) -> None:
        constants = self.constants[file] = {}
        self._imports[file] = {
            alias.asname or alias.name: (part.module or "").rpartition(".")[2]
            for part in ast.walk(module)
            if isinstance(part, ast.ImportFrom)
            for alias in part.names
        }
        for item in module.body:
            if isinstance(item, ast.ClassDef):
                self.classes[item.name] = ClassOf(file, item)
                for node in self.classes[item.name].functions.values():
                    self.nodes[Place(file, item.name, node.name)] = node
            elif isinstance(item, Function):
                place = Place(file, "", item.name)
                self._by_name.setdefault(item.name, []).append(place)
                self.nodes[place] = item
            elif isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                for operation in streamed(item.value):
                    constants[item.targets[0].id] = operation

    def family(self, name: str) -> Iterator[ClassOf]:
        """A class and those that it derives from, nearest first."""
        if name in self.classes:
            yield self.classes[name]
            for base in self.classes[name].bases:
                yield from self.family(base)

    def member(self, owner: str, name: str) -> Place | None:
        """The function that an attribute of a class is."""
        for cls in self.family(owner):
            if name in cls.functions:
                return Place(cls.file, cls.name, name)
        return None

    def value(self, owner: str, name: str) -> ast.expr | None:
        """What an attribute of a class is assigned in the class itself."""
        return next((c.values[name] for c in self.family(owner) if name in c.values), None)

    def function(self, file: Path, name: str) -> Place | None:
        """The function that a name means in a file: its own, or the one that it imports."""
        module = self._imports.get(file, {}).get(name, file.stem)
        places = [place for place in self._by_name.get(name, []) if place.file.stem == module]
        own = [place for place in places if place.file == file]
        return next(iter(own or places), None)

    def annotated(self, node: ast.expr | None, owner: str) -> Types:
        """The classes that an annotation names."""
        names: set[str] = set()
        for part in () if node is None else ast.walk(node):
            if isinstance(part, ast.Name):
                names.add(owner if part.id == "Self" else part.id)
        return frozenset(names & self.classes.keys())

    def returns(self, place: Place) -> Types:
        """What a function gives back."""
        return self.annotated(self.nodes[place].returns, place.owner)

    def members(self, owner: str) -> list[str]:
        """The names of everything that a class has, its own first."""
        family = list(self.family(owner))
        return list(dict.fromkeys(n for cls in family for n in (*cls.functions, *cls.values)))

    def look(self, owner: str, name: str) -> Look:
        """What an attribute of an instance is, read and called as a program does that."""
        source = f"def look(it: {owner}):\n value = it.{name}\n answer = it.{name}()"
        node = next(part for part in ast.walk(ast.parse(source)) if isinstance(part, Function))
        place = Place(Path(), "", "look")
        self.constants.setdefault(place.file, {})
        reading = Reading(self, place, node, self.attributes)
        return Look(reading.functions, reading.known["value"], reading.known["answer"])

    def is_property(self, place: Place) -> bool:
        """Whether a function is read without being called."""
        marks = self.nodes[place].decorator_list
        return any(isinstance(mark, ast.Name) and mark.id == "property" for mark in marks)

    @cached_property
    def attributes(self) -> Mapping[str, Mapping[str, Types]]:
        """For each class, what its functions assign to attributes of `self`."""
        found: dict[str, dict[str, Types]] = {name: {} for name in self.classes}
        for _ in range(_ROUNDS):
            for place, node in self.nodes.items():
                if place.owner:
                    found[place.owner] |= Reading(self, place, node, found).assigned
        return found

    @cache  # noqa: B019 - a tree lives as long as the script
    def reading(self, place: Place) -> Reading:
        """What a function refers to."""
        return Reading(self, place, self.nodes[place], self.attributes)

    @cache  # noqa: B019 - a tree lives as long as the script
    def distances(self, place: Place) -> Mapping[str, int]:
        """The operations that a function leads to, and over how many others."""
        found: dict[str, int] = {}
        seen, front, distance = {place}, [place], 0
        while front:
            following: list[Place] = []
            for at in front:
                for operation in self.reading(at).operations:
                    found.setdefault(operation, distance)
                following += self.reading(at).functions - seen
                seen |= self.reading(at).functions
            front, distance = sorted(following), distance + 1
        return found


class Reading:
    """One function: the types of what stands in it, and what it refers to."""

    def __init__(
        self,
        tree: Tree,
        place: Place,
        node: Function,
        attributes: Mapping[str, Mapping[str, Types]],
    ) -> None:
        self._tree, self._place, self._attributes = tree, place, attributes
        self.known: dict[str, Types] = {}
        self.assigned: dict[str, Types] = {}
        self.functions: set[Place] = set()
        #: Those of the functions that stand outside of `pytest.raises` as well.
        self.succeeding: set[Place] = set()
        self.operations: set[str] = set()
        own = frozenset({place.owner} if place.owner else ())
        for _ in range(_ROUNDS):
            for part in ast.walk(node):
                self._learn(part)
            self.known |= {"self": own, "cls": own}
        for part in _walk(node):
            self._refer(part)
        self.succeeding = set(self.functions)
        for part in ast.walk(node):
            self._refer(part)
        self.functions.discard(place)

    # --- types

    def _learn(self, part: ast.AST) -> None:
        owner = self._place.owner
        if isinstance(part, ast.arg):
            self.known[part.arg] = self._tree.annotated(part.annotation, owner)
        elif isinstance(part, ast.Assign):
            for target in part.targets:
                self._set(target, self._types(part.value))
        elif isinstance(part, ast.AnnAssign):
            self._set(part.target, self._tree.annotated(part.annotation, owner))
        elif isinstance(part, ast.withitem) and part.optional_vars is not None:
            self._set(part.optional_vars, self._types(part.context_expr))
        elif isinstance(part, ast.For | ast.AsyncFor | ast.comprehension):
            self._set(part.target, self._types(part.iter))

    def _set(self, target: ast.expr, types: Types) -> None:
        if isinstance(target, ast.Name):
            self.known[target.id] = self.known.get(target.id, NOTHING) | types
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            if target.value.id == "self":
                self.assigned[target.attr] = types
        elif isinstance(target, ast.Tuple):
            for item in target.elts:
                self._set(item, types)

    def _types(self, node: ast.expr) -> Types:
        """The classes that an expression may be an instance of; a class counts as its instance."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id) or frozenset({node.id} & self._tree.classes.keys())
        if isinstance(node, ast.Await | ast.Starred):
            return self._types(node.value)
        if isinstance(node, ast.IfExp):
            return self._types(node.body) | self._types(node.orelse)
        if isinstance(node, ast.BoolOp):
            return NOTHING.union(*(self._types(value) for value in node.values))
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        return NOTHING

    def _attribute(self, node: ast.Attribute) -> Types:
        found: set[str] = set()
        for owner in self._types(node.value):
            member = self._tree.member(owner, node.attr)
            if member is not None and self._tree.is_property(member):
                found |= self._tree.returns(member)
            for cls in self._tree.family(owner):
                found |= self._attributes[cls.name].get(node.attr, NOTHING)
            value = self._tree.value(owner, node.attr)
            if isinstance(value, ast.Call):
                found |= self._types(value.func)
        return frozenset(found)

    def _called(self, node: ast.Call) -> Types:
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in ("type", "aiter", "iter"):
                return self._types(node.args[0])
            place = self._tree.function(self._place.file, func.id)
            if place is not None and func.id not in self.known:
                return self._tree.returns(place)
        if isinstance(func, ast.Attribute):
            members = [self._tree.member(owner, func.attr) for owner in self._types(func.value)]
            if any(members):
                return NOTHING.union(*(self._tree.returns(m) for m in members if m is not None))
        instances = self._types(func)
        return NOTHING.union(*(self._given(owner) for owner in instances)) or instances

    def _given(self, owner: str) -> Types:
        """What calling an instance gives, be it by way of a descriptor."""
        found = [self._tree.returns(place) for place in self._call(owner)]
        got = self._tree.member(owner, "__get__")
        if got is not None and not found:  # it makes a plain function: its annotation tells
            found.append(self._tree.returns(got))
        return NOTHING.union(*found)

    def _call(self, owner: str) -> Iterator[Place]:
        """What is called when an instance is, be it by way of a descriptor."""
        got = self._tree.member(owner, "__get__")
        for name in {owner} if got is None else self._tree.returns(got):
            called = self._tree.member(name, "__call__")
            if called is not None:
                yield called

    # --- references

    def _refer(self, part: ast.AST) -> None:
        if isinstance(part, ast.Attribute):
            if part.attr in _GENERATED:
                # `get_sandbox.sync_detailed`, perhaps with the module that it is in before it.
                call = part.value
                if isinstance(call, ast.Name):
                    self.operations.add(call.id)
                elif isinstance(call, ast.Attribute):
                    self.operations.add(call.attr)
            for owner in self._types(part.value):
                self._refer_to(owner, part.attr)
        elif isinstance(part, ast.Name):
            constants = self._tree.constants[self._place.file]
            if part.id in constants:
                self.operations.add(constants[part.id])
            place = self._tree.function(self._place.file, part.id)
            if place is not None and part.id not in self.known:
                self.functions.add(place)
        elif isinstance(part, ast.withitem):
            for owner in self._types(part.context_expr):
                for name in _ENTERED:
                    self._refer_to(owner, name)
        elif isinstance(part, ast.For | ast.AsyncFor):
            for owner in self._types(part.iter):
                for name in _LOOPS:
                    self._refer_to(owner, name)
        self.operations |= set(streamed(part)) if isinstance(part, ast.Subscript) else set()

    def _refer_to(self, owner: str, name: str) -> None:
        place = self._tree.member(owner, name)
        if place is not None:
            self.functions.add(place)
        value = self._tree.value(owner, name)
        if isinstance(value, ast.Call):
            for made in self._types(value.func):
                self.functions.update(self._call(made))
            for given in value.args:  # `temporary = Temporary(create)`
                member = isinstance(given, ast.Name) and self._tree.member(owner, given.id)
                if member:
                    self.functions.add(member)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those of blocks that are to raise."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.With | ast.AsyncWith) and _is_to_raise(child)):
            yield from _walk(child)


def _is_to_raise(node: ast.With | ast.AsyncWith) -> bool:
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return any(isinstance(c.func, ast.Attribute) and c.func.attr == "raises" for c in calls)


def streamed(node: ast.AST) -> Iterator[str]:
    """The operations that are looked up in `STREAMED` in an expression."""
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Subscript)
            and isinstance(part.value, ast.Name)
            and part.value.id == "STREAMED"
            and isinstance(part.slice, ast.Constant)
        ):
            yield str(part.slice.value)
