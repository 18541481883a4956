"""Derive the blocking half of the client, and its tests, from the async half.

    python scripts/unasync.py            write opensandbox/_sync and tests/_sync
    python scripts/unasync.py --check    fail if they are not what would be written

The converter renames tokens and understands nothing else:

- a class ``X`` defined below ``opensandbox/_async`` becomes ``XSync`` wherever it is named;
- ``async_x`` and ``AsyncX`` become ``x`` and ``X``, if ``opensandbox/_concurrency`` has both;
- every other name is in one of the tables below, which hold no row that is not needed;
- ``async`` and ``await`` go, ``Awaitable[X]`` becomes ``X``;
- prose (docstrings, comments, messages) changes only in class names, code in backticks and
  the indented examples after ``::``.

What cannot be said like this is refused: it belongs in ``_concurrency`` as a pair, or in
``tests/only_async``.  A file that is refused is reported and left out; the others are written.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import io
import itertools
import os
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "opensandbox/_async"
TREES = {
    PACKAGE: "opensandbox/_sync",
    "tests/_async": "tests/_sync",
    "tests/contract/_async": "tests/contract/_sync",
    "tests/faults/_async": "tests/faults/_sync",
}
PAIRS_MODULE = "opensandbox/_concurrency/__init__.py"
HEADER = "# Written by scripts/unasync.py from {source}. Do not edit.\n"

# Names of the language, of the standard library, of httpx and of the generated clients.
NAMES = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncByteStream": "SyncByteStream",
    "AsyncClient": "Client",
    "AsyncConnectionInterface": "ConnectionInterface",
    "AsyncGenerator": "Generator",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "_async": "_sync",
    "aclose": "close",
    "aclosing": "closing",
    "aiter": "iter",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "aiter_stream": "iter_stream",
    "anext": "next",
    "aread": "read",
    "asynccontextmanager": "contextmanager",
    "asyncio_detailed": "sync_detailed",
    "handle_async_request": "handle_request",
}

# Public names whose twin is not the name with Sync at its end.
TWINS = {
    "AsyncPoolConfig": "PoolConfig",
    "AsyncPoolStateStore": "PoolStateStore",
    "AsyncPooledSandboxCreator": "PooledSandboxCreator",
    "AsyncRedisPoolStateStore": "RedisPoolStateStore",
    "ExecutionHandlers": "ExecutionHandlersSync",
    "InMemoryAsyncPoolStateStore": "InMemoryPoolStateStore",
    "RetryAsyncTransport": "RetrySyncTransport",
    "SandboxPoolAsync": "SandboxPoolSync",
    "SandboxPoolManagerAsync": "SandboxPoolManager",
    "reap_expired_idle_with_min_ttl_async": "reap_expired_idle_with_min_ttl",
    "try_take_idle_with_min_ttl_async": "try_take_idle_with_min_ttl",
}

# Where `from MODULE import name` finds the twin, when that is another module.
TWIN_MODULES = {
    ("opensandbox.models.execd", "ExecutionHandlers"): "opensandbox.models.execd_sync",
    ("redis.asyncio", "Redis"): "redis",
}

# `Name[X]` becomes `X`.
UNWRAPPED = {"Awaitable"}

# Beside `opensandbox` itself, where programs find the classes of the trees.
PUBLIC_ROOMS = (
    "opensandbox.config",
    "opensandbox.manager",
    "opensandbox.sandbox",
    "opensandbox.services",
)

BANNED_IN_TESTS = {"anyio", "asyncio", "trio"}
BANNED = BANNED_IN_TESTS | {"threading", "time"}
# I: sorts imports; F401: removes those of gone names; PYI016: `T | T`, once `T | Awaitable[T]`.
RUFF_RULES = "I,F401,PYI016"
RUFF_SETTINGS = (
    "line-length=100",
    'target-version="py311"',
    'lint.isort.known-first-party=["opensandbox","opensandbox_api","tests"]',
)

WORD = re.compile(r"[A-Za-z_]\w*")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
KEYWORDS = re.compile(r"\b(?:await|async)\s+")
TICKED = re.compile(r"(`+)([^`]+)\1")
LEFTOVER = re.compile(r"async|awaitable|coroutine|^aiter|^aread|^aclose", re.IGNORECASE)
FSTRING_START: int = getattr(tokenize, "FSTRING_START", -1)
FSTRING_END: int = getattr(tokenize, "FSTRING_END", -1)

Position = tuple[int, int]
Edit = tuple[Position, Position, str]


class Refused(Exception):
    """The source does something that the converter would spoil."""


@dataclass
class Rules:
    """What is renamed: the tables above, and what the trees themselves define."""

    classes: frozenset[str]
    pairs: frozenset[str]
    used: set[str] = field(default_factory=set)

    def rename(self, name: str) -> str:
        """The blocking name of one identifier; an unknown one is its own."""
        for table in (NAMES, TWINS):
            if name in table:
                self.used.add(name)
                return table[name]
        if name in self.pairs:
            return blocking_half(name)
        return f"{name}Sync" if name in self.classes else name

    def code(self, text: str) -> str:
        """Code that is not tokenized: an example, an f-string's field, an annotation in quotes."""
        return WORD.sub(lambda word: self.rename(word[0]), KEYWORDS.sub("", text))

    def prose(self, text: str) -> str:
        """English: `Sandbox` in backticks is the class, Sandbox without may be just a word."""
        parts, last = [], 0
        for span in TICKED.finditer(text):
            parts.append(self._class_names(text[last : span.start()]))
            parts.append(span[1] + self.code(span[2]) + span[1])
            last = span.end()
        return "".join(parts) + self._class_names(text[last:])

    def _class_names(self, text: str) -> str:
        def renamed(word: re.Match[str]) -> str:
            is_word = not re.search(r"[a-z][A-Z]", word[0])
            return word[0] if is_word else self.rename(word[0])

        return WORD.sub(renamed, text)

    def unused(self) -> list[str]:
        """The rows of the tables that no file needed."""
        rows = {*NAMES, *TWINS, *UNWRAPPED} - self.used
        return sorted(
            rows | {".".join(row) for row in TWIN_MODULES if ".".join(row) not in self.used}
        )


def blocking_half(name: str) -> str:
    """`async_sleep` -> `sleep`, `AsyncLock` -> `Lock`, `_AsyncX` -> `_X`."""
    return re.sub(r"^(_?)(?:async_|Async)", r"\1", name)


def collect_rules(root: Path) -> Rules:
    """Read which classes the package defines and which pairs `_concurrency` offers."""
    classes: set[str] = set()
    for path in sources(root / PACKAGE):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError:
            continue  # reported when its turn comes
        classes |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    names: set[str] = set()
    pairs_module = root / PAIRS_MODULE
    if pairs_module.exists():
        for node in ast.parse(pairs_module.read_text(encoding="utf-8")).body:
            names |= set(defined_names(node))
    marked = {
        name for name in names - set(NAMES) if re.match(r"_?(?:async_[a-z]|Async[A-Z])", name)
    }
    single = sorted(name for name in marked if blocking_half(name) not in names)
    if single:
        raise Refused(f"{PAIRS_MODULE}: no blocking half for {', '.join(single)}")
    return Rules(frozenset(classes - marked - set(NAMES) - set(TWINS)), frozenset(marked))


def defined_names(node: ast.stmt) -> Iterator[str]:
    """The names that one top-level statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                yield target.id
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)


def sources(tree: Path) -> list[Path]:
    """The Python files of a tree, in a fixed order."""
    return sorted(path for path in tree.rglob("*.py") if "__pycache__" not in path.parts)


# --- what is refused ------------------------------------------------------------------------


def refuse(tree: ast.AST, banned: set[str]) -> None:
    """Raise for what renaming would turn into wrong code."""
    for node in ast.walk(tree):
        why = None
        if isinstance(node, ast.Import | ast.ImportFrom):
            why = fault_of_import(node, banned)
        elif isinstance(node, ast.JoinedStr):
            if any(isinstance(inner, ast.Await) for inner in ast.walk(node)):
                why = "await inside an f-string: give the value a name first"
        elif isinstance(node, ast.FunctionDef) and node.name == "__await__":
            why = "__await__ has no blocking form: make it a pair in opensandbox/_concurrency"
        if why:
            raise Refused(f"{getattr(node, 'lineno', 0)}: {why}")


def fault_of_import(node: ast.Import | ast.ImportFrom, banned: set[str]) -> str | None:
    """What is wrong with an import, or None."""
    relative_import = isinstance(node, ast.ImportFrom) and node.level > 0
    if isinstance(node, ast.ImportFrom):
        modules = [absolute(node)]
    else:
        modules = [name.name for name in node.names]
    for name in modules:
        if name.partition(".")[0] in banned and not relative_import:
            return f"import of {name}: use a pair of opensandbox/_concurrency"
    return None


def absolute(node: ast.ImportFrom) -> str:
    """The whole name of the module that an import names; only the package imports relatively."""
    here = PACKAGE.split("/")
    above = here[: len(here) + 1 - node.level] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def relative(module: str, level: int) -> str:
    """The same module as one of the package's rooms names it; itself for level 0."""
    if level == 0:
        return module
    parts = len(PACKAGE.split("/")) + 1 - level
    return "." * level + ".".join(module.split(".")[parts:])


def has_twins(module: str) -> bool:
    """Whether the classes of a module are those of the trees, and so have blocking twins."""
    trees = (tree.replace("/", ".") for tree in TREES)
    rooms = (*trees, *PUBLIC_ROOMS)
    return module == "opensandbox" or module.startswith(rooms)


def namesakes(tree: ast.AST) -> set[str]:
    """What a file imports from elsewhere: a class that only shares its name keeps it."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not has_twins(absolute(node))
        for alias in node.names
    }


def refuse_leftovers(source: str) -> None:
    """Raise when a name in the blocking code still says that it is async."""
    for node in ast.walk(ast.parse(source)):
        names = [
            getattr(node, key, None) for key in ("id", "attr", "name", "arg", "asname", "module")
        ]
        for name in names:
            if isinstance(name, str) and LEFTOVER.search(name):
                raise Refused(f"{name}: no rule turns this name blocking")


# --- one file -------------------------------------------------------------------------------


class Conversion:
    """One file on its way: its text, its tokens, and the edits found so far."""

    def __init__(self, source: str, rules: Rules, banned: set[str]) -> None:
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self.tree = ast.parse(source)
        refuse(self.tree, banned)
        self.rules = dataclasses.replace(rules, classes=rules.classes - namesakes(self.tree))
        self.starts = [0, *itertools.accumulate(len(line) for line in self.lines)]
        self.tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
        self.modules = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if not alias.name.startswith("opensandbox.")
        }
        self.edits: list[Edit] = []
        self.import_end: Position = (0, 0)
        self.annotations, self.imports = self._survey()

    def result(self) -> str:
        """The converted text."""
        skip_until = (0, 0)
        for index, token in enumerate(self.tokens):
            if token.start < skip_until:
                continue
            if token.start in self.imports:
                skip_until = self._convert_import(self.imports[token.start])
            elif token.type == tokenize.NAME:
                skip_until = self._convert_name(index, token)
            elif token.type == FSTRING_START:
                skip_until = self._end_of_fstring(index)
                self._edit(token.start, skip_until, self._convert_string)
            elif token.type == tokenize.STRING:
                self._edit(token.start, token.end, self._convert_string)
            elif token.type == tokenize.COMMENT:
                self._edit(token.start, token.end, lambda _, text: self.rules.prose(text))
        return self._apply()

    def _survey(self) -> tuple[set[Position], dict[Position, ast.ImportFrom]]:
        """Where the quoted annotations and the from-imports begin."""
        annotations, imports = set(), {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                imports[self._position(node)] = node
            places = [getattr(node, "annotation", None), getattr(node, "returns", None)]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                places += node.args[:1] if node.func.id == "cast" else []
                places += [key.value for key in node.keywords if key.arg == "bound"]
            for place in places:
                if isinstance(place, ast.AST):
                    annotations |= {
                        self._position(inner)
                        for inner in ast.walk(place)
                        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
                    }
        return annotations, imports

    def _position(self, node: ast.stmt | ast.expr) -> Position:
        """A node's place as tokenize counts: in characters where ast counts bytes."""
        line = self.lines[node.lineno - 1].encode()
        return node.lineno, len(line[: node.col_offset].decode())

    def _end(self, node: ast.stmt) -> Position:
        number = node.end_lineno or node.lineno
        line = self.lines[number - 1].encode()
        return number, len(line[: node.end_col_offset].decode())

    def _convert_name(self, index: int, token: tokenize.TokenInfo) -> Position:
        """Note what becomes of one name; the answer is where to go on."""
        if token.string in ("async", "await"):
            self.edits.append((token.start, self.tokens[index + 1].start, ""))
        elif token.string in UNWRAPPED and token.start >= self.import_end:
            return self._unwrap(index)
        else:
            if token.string == "AsyncGenerator":
                self._complete_generator(index)
            foreign = self._is_of_other_module(index)
            rules = dataclasses.replace(self.rules, classes=frozenset()) if foreign else self.rules
            self._edit(token.start, token.end, lambda _, text: rules.rename(text))
        return token.end

    def _is_of_other_module(self, index: int) -> bool:
        """Whether a name is an attribute of a module that is not ours, as in `httpx.Timeout`."""
        dot, module = self.tokens[max(index - 1, 0)], self.tokens[max(index - 2, 0)]
        return dot.string == "." and module.string in self.modules

    def _subscript(self, index: int) -> tuple[int, list[int]] | None:
        """Where the subscript of the name at `index` ends, and its commas; None without one."""
        if self.tokens[index + 1].string != "[":
            return None
        depth = 0
        commas: list[int] = []
        for place in range(index + 1, len(self.tokens)):
            text = self.tokens[place].string
            depth += (text in "([{" and text != "") - (text in ")]}" and text != "")
            if depth == 0:
                return place, commas
            if depth == 1 and text == ",":
                commas.append(place)
        raise Refused(f"{self.tokens[index].start[0]}: a bracket is never closed")

    def _unwrap(self, index: int) -> Position:
        """`Awaitable[X]` -> `X`."""
        token = self.tokens[index]
        subscript = self._subscript(index)
        if subscript is None:
            raise Refused(f"{token.start[0]}: {token.string} without [...] has no blocking form")
        self.rules.used.add(token.string)
        first, end = self.tokens[index + 2], self.tokens[subscript[0]]
        self.edits += [(token.start, first.start, ""), (end.start, end.end, "")]
        return first.start

    def _complete_generator(self, index: int) -> None:
        """`AsyncGenerator[X, Y]` -> `Generator[X, Y, None]`: what it returns has to be said."""
        subscript = self._subscript(index)
        if subscript and len(subscript[1]) == 1:
            end = self.tokens[subscript[0]].start
            self.edits.append((end, end, ", None"))

    def _convert_import(self, node: ast.ImportFrom) -> Position:
        """Write `from M import a, b` anew if a twin lives elsewhere; say where to go on."""
        where: dict[str, list[str]] = {}
        for alias in node.names:
            rename = f" as {self.rules.rename(alias.asname)}" if alias.asname else ""
            module = self._twin_module(absolute(node), alias.name)
            where.setdefault(module, []).append(self.rules.rename(alias.name) + rename)
        start, end = self._position(node), self._end(node)
        self.import_end = end
        if set(where) == {absolute(node)}:
            return start  # nothing moves: its tokens are renamed like any others
        for token in self.tokens:
            if token.type == tokenize.COMMENT and start < token.start < end:
                raise Refused(f"{token.start[0]}: a comment inside this import would be lost")
        indent = " " * node.col_offset
        statements = [
            f"from {relative(module, node.level)} import {', '.join(names)}"
            for module, names in where.items()
        ]
        self.edits.append((start, end, f"\n{indent}".join(statements)))
        return end

    def _twin_module(self, module: str, name: str) -> str:
        """Where the twin of a name of `module` is found."""
        if (module, name) in TWIN_MODULES:
            self.rules.used.add(f"{module}.{name}")
            return TWIN_MODULES[module, name]
        return module

    def _end_of_fstring(self, index: int) -> Position:
        depth = 0
        for token in self.tokens[index:]:
            depth += (token.type == FSTRING_START) - (token.type == FSTRING_END)
            if depth == 0:
                return token.end
        raise Refused(f"{self.tokens[index].start[0]}: an f-string is never closed")

    def _convert_string(self, start: Position, text: str) -> str:
        prefix = text[: len(text) - len(text.lstrip("bBfFrRuU"))]
        if "b" in prefix.lower():
            return text
        if "f" in prefix.lower():
            return convert_fstring(text, self.rules)
        quotes = 3 if text[len(prefix) :].startswith(('"""', "'''")) else 1
        content = text[len(prefix) + quotes : -quotes]
        if start in self.annotations and is_expression(content):
            return text.replace(content, Conversion(content, self.rules, set()).result())
        if WORD.fullmatch(content) or DOTTED.fullmatch(content):
            return self.rules.code(text)
        return convert_docstring(text, self.rules) if quotes == 3 else self.rules.prose(text)

    def _edit(
        self, start: Position, end: Position, convert: Callable[[Position, str], str]
    ) -> None:
        text = self.source[self._offset(start) : self._offset(end)]
        self.edits.append((start, end, convert(start, text)))

    def _offset(self, position: Position) -> int:
        return self.starts[position[0] - 1] + position[1]

    def _apply(self) -> str:
        parts, last = [], 0
        for start, end, text in sorted(self.edits):
            parts += [self.source[last : self._offset(start)], text]
            last = self._offset(end)
        return "".join(parts) + self.source[last:]


def is_expression(text: str) -> bool:
    """Whether a text is code, as an annotation in quotes is and a `Literal` may not be."""
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def convert_docstring(text: str, rules: Rules) -> str:
    """Prose keeps its words; the indented lines after `::`, an example, become blocking code."""
    paragraphs: list[str] = []
    prose: list[str] = []
    margin: int | None = None
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        if margin is not None and line.strip() and indent <= margin:
            margin = None
        if margin is None:
            prose.append(line)
            if line.rstrip().endswith("::"):
                margin = indent
            continue
        paragraphs.append(rules.prose("".join(prose)))
        prose = []
        example = rules.code(line)
        if LEFTOVER.search(example.partition("#")[0]):
            raise Refused(f"an example in a docstring stays async: {example.strip()}")
        paragraphs.append(example)
    return "".join(paragraphs) + rules.prose("".join(prose))


def convert_fstring(text: str, rules: Rules) -> str:
    """Fields are code, the rest is prose; read by hand, as each Python has tokens of its own."""
    parts, last, depth = [], 0, 0
    place = 0
    while place < len(text):
        if depth == 0 and text[place : place + 2] in ("{{", "}}"):
            place += 2
            continue
        if text[place] == "{":
            if depth == 0:
                parts.append(rules.prose(text[last:place]))
                last = place
            depth += 1
        elif text[place] == "}" and depth:
            depth -= 1
            if depth == 0:
                parts.append(rules.code(text[last : place + 1]))
                last = place + 1
        place += 1
    return "".join(parts) + rules.prose(text[last:])


# --- whole trees ----------------------------------------------------------------------------


def convert_trees(root: Path) -> tuple[dict[Path, str], list[str], list[str]]:
    """All files to write, by path below `root`; what was refused; the rules never used."""
    rules = collect_rules(root)
    converted: dict[Path, str] = {}
    faults: list[str] = []
    for source_tree, target_tree in TREES.items():
        banned = BANNED if source_tree == PACKAGE else BANNED_IN_TESTS
        for path in sources(root / source_tree):
            name = path.relative_to(root).as_posix()
            try:
                text = Conversion(path.read_text(encoding="utf-8"), rules, banned).result()
                compile(text, name, "exec", dont_inherit=True)
            except Refused as refused:
                faults.append(f"{name}:{refused}")
            except (SyntaxError, tokenize.TokenError) as error:
                faults.append(f"{name}: {error}")
            else:
                target = Path(target_tree) / path.relative_to(root / source_tree)
                converted[target] = HEADER.format(source=name) + text
    formatted = format_all(converted)
    for target, text in list(formatted.items()):
        try:
            refuse_leftovers(text)
        except Refused as refused:
            faults.append(f"{target.as_posix()}: {refused}")
            del formatted[target]
    return formatted, faults, rules.unused()


def format_all(files: dict[Path, str]) -> dict[Path, str]:
    """The same files as ruff would have them; one run for all, in a folder of their own."""
    if not files:
        return {}
    with tempfile.TemporaryDirectory(prefix="unasync-") as folder:
        for path, text in files.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        settings = [part for setting in RUFF_SETTINGS for part in ("--config", setting)]
        common = ["--isolated", "--no-cache", "--quiet", *settings, folder]
        for command in (["check", "--fix", "--exit-zero", "--select", RUFF_RULES], ["format"]):
            subprocess.run([sys.executable, "-m", "ruff", *command, *common], check=True)
        return {path: Path(folder, path).read_text(encoding="utf-8") for path in files}


def existing_files(root: Path) -> set[Path]:
    """Whatever lies in the blocking trees now, Python's caches aside."""
    return {
        path.relative_to(root)
        for target in TREES.values()
        for path in (root / target).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def write(path: Path, text: str) -> None:
    """Replace a file in one step: somebody may be running the tests meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def run(root: Path, *, check: bool) -> list[str]:
    """Write the blocking trees, or compare them; what is wrong, one line each."""
    wanted, faults, unused = convert_trees(root)
    spared = {fault.partition(":")[0].replace("_async/", "_sync/") for fault in faults}
    orphans = {p for p in existing_files(root) - set(wanted) if p.as_posix() not in spared}
    changed = {
        path: "missing" if not (root / path).exists() else "out of date"
        for path, text in wanted.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text
    }
    if check:
        faults += [f"{path.as_posix()}: {state}" for path, state in changed.items()]
        faults += [
            f"{path.as_posix()}: orphaned, nothing to convert it from" for path in sorted(orphans)
        ]
        faults += [f"scripts/unasync.py: rule never used: {name}" for name in unused]
        return faults
    for path in changed:
        write(root / path, wanted[path])
    for path in orphans:
        (root / path).unlink()
    return faults


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail on any difference"
    )
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args(arguments)
    try:
        faults = run(options.root, check=options.check)
    except Refused as refused:
        faults = [str(refused)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults and options.check:
        print("Run `make sync` and commit what it writes.", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
