"""Globs as the search understands them."""

from __future__ import annotations

import pytest

from opensandbox.local.execd.globs import LONGEST, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.txt", "a.txt"),
        ("**/*.txt", "a.txt"),
        ("**/*.txt", "x/y/a.txt"),
        ("a/**", "a/b/c"),
        ("a/**/z", "a/z"),
        ("a/**/z", "a/b/c/z"),
        ("**", "a/b"),
        ("a**b", "axxb"),
        ("?", "\u00e9"),
        ("[a-c]x", "bx"),
        ("[!a-c]x", "dx"),
        ("[^a-c]x", "dx"),
        ("[]]", "]"),
        ("[a-]", "-"),
        ("{a,b*}/c", "bcd/c"),
        ("{a,{b,c}}", "c"),
        ("{**/x,y}", "p/q/x"),
        ("a,b", "a,b"),
        ("\\*", "*"),
        ("a.b", "a.b"),
        ("a}", "a}"),
    ],
)
def test_matches(pattern: str, path: str) -> None:
    assert compile_pattern(pattern)(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.txt", "x/a.txt"),
        ("**/*.txt", "a.txt.gz"),
        ("a**b", "ax/yb"),
        ("?", "/"),
        ("[!a]", "/"),
        ("[!a-c]x", "bx"),
        ("{a,b}", "c"),
        ("\\*", "x"),
        ("a.b", "axb"),
        ("a/**/z", "az"),
    ],
)
def test_does_not_match(pattern: str, path: str) -> None:
    assert not compile_pattern(pattern)(path)


@pytest.mark.parametrize("pattern", ["[a", "[", "[z-a]", "{a", "a\\", "*" * (LONGEST + 1)])
def test_a_broken_pattern_says_why(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        compile_pattern(pattern)
