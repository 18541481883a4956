"""Doublestar globs, as regular expressions.

- ``*`` is any run of characters but ``/``; ``?`` one of them; ``[a-z]`` and ``[!a-z]`` (or ``^``)
  one of a set; ``{a,b}`` one of several; a backslash takes the next character as it is.
- ``**`` as a whole component is any number of directories, none included; elsewhere it is ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 4096


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A test for relative paths. Raises ValueError, with the reason, for a broken pattern."""
    if len(pattern) > LONGEST:
        raise ValueError(f"a pattern has at most {LONGEST} characters")
    expression = re.compile(_Translation(pattern).expression(), re.DOTALL)
    return lambda path: expression.fullmatch(path) is not None


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def expression(self) -> str:
        parts = []
        while self._at < len(self._pattern):
            parts.append(self._next())
        if self._depth:
            raise ValueError("a { is not closed")
        return "".join(parts)

    def _next(self) -> str:
        character = self._pattern[self._at]
        if character == "*":
            return self._star()
        self._at += 1
        match character:
            case "?":
                return "[^/]"
            case "[":
                return self._set()
            case "\\":
                return self._escaped()
            case "{":
                self._depth += 1
                return "(?:"
            case "}" if self._depth:
                self._depth -= 1
                return ")"
            case "," if self._depth:
                return "|"
        return re.escape(character)

    def _star(self) -> str:
        start = self._at
        while self._pattern[self._at : self._at + 1] == "*":
            self._at += 1
        before = self._pattern[start - 1 : start] if start else "/"
        after = self._pattern[self._at : self._at + 1] or "end"
        if self._at - start != 2 or before not in "/{," or after not in ("/", "end", "}", ","):
            return "[^/]*"
        if after == "/":
            self._at += 1
            return "(?:[^/]+/)*"
        return ".*"

    def _escaped(self) -> str:
        if self._at >= len(self._pattern):
            raise ValueError("a backslash ends the pattern")
        self._at += 1
        return re.escape(self._pattern[self._at - 1])

    def _set(self) -> str:
        negated = self._pattern[self._at : self._at + 1] in ("!", "^")
        self._at += negated
        members: list[str] = []
        while self._pattern[self._at : self._at + 1] != "]" or not members:
            members.append(self._member())
        self._at += 1
        return f"(?!/)[{'^' if negated else ''}{''.join(members)}]"

    def _member(self) -> str:
        low = self._character()
        if (
            self._pattern[self._at : self._at + 1] != "-"
            or self._pattern[self._at + 1 :][:1] == "]"
        ):
            return low
        self._at += 1
        high = self._character()
        if low > high:
            raise ValueError("a range in [] is upside down")
        return f"{low}-{high}"

    def _character(self) -> str:
        if self._at >= len(self._pattern):
            raise ValueError("a [ is not closed")
        character = self._pattern[self._at]
        self._at += 1
        if character == "\\":
            return self._escaped()
        return re.escape(character)
