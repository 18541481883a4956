from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire import variables

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_what_is_written_is_read(pairs: list[tuple[str, str]]) -> None:
    written = "".join(f"{variables.assignment(name, value)}\n" for name, value in pairs)
    assert variables.read(written) == dict(pairs)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("A=1\nexport B=two\n# C=3\n", {"A": "1", "B": "two"}),
        ("A='one'\nA='two'", {"A": "two"}),
        ("A='l1\nl2'\r\nB=", {"A": "l1\nl2", "B": ""}),
        ("no variable here\nA='1'", {"A": "1"}),
        ("1A=x\nA-B=y\n=z", {}),
    ],
)
def test_what_programs_write_as_well(text: str, found: dict[str, str]) -> None:
    assert variables.read(text.replace("\r\n", "\n")) == found


@given(st.text())
def test_no_file_is_too_odd(text: str) -> None:
    assert all(variables.is_name(name) for name in variables.read(text))
