"""The file in which a sandbox keeps variables between commands: how it is written, how it is read.

`set_env` appends to the file that EXECD_ENVS names; execd reads it before each command, and the
last line about a variable counts.

Rules:
* A value is taken as it stands between two `'`, over several lines if need be.  One that holds a
  `'` itself stands between two `"`, with a backslash before `\\`, `"`, `$` and a backquote.
* A line that is neither empty, a comment nor of this form is passed over: programs write there too.
"""

from __future__ import annotations

import re

#: The environment variable that names the file.
FILE = "EXECD_ENVS"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=
    (?:'(?P<plain>[^']*)'|"(?P<escaped>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s'"#]*))[ \t]*$""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)


def is_name(name: str) -> bool:
    """Whether a variable can have this name."""
    return _NAME.fullmatch(name) is not None


def assignment(name: str, value: str) -> str:
    """What is written for one variable, without a line ending."""
    if "'" not in value:
        return f"{name}='{value}'"
    return f'{name}="' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'


def read(text: str) -> dict[str, str]:
    """The variables in such a file."""
    found = {}
    for line in _LINE.finditer(text):
        plain, escaped, bare = line["plain"], line["escaped"], line["bare"]
        if plain is not None:
            found[line["name"]] = plain
        elif escaped is not None:
            found[line["name"]] = re.sub(r'\\([\\"$`])', r"\1", escaped)
        else:
            found[line["name"]] = bare
    return found
