"""How a program's output is cut into events."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox.local.execd import output
from opensandbox.local.execd.output import LONGEST_HELD, Pipes
from tests.local.execd.daemons import Daemon


class Program:
    """What a program writes, and what of it is passed on."""

    def __init__(self) -> None:
        (out, self.out), (err, self.err) = os.pipe(), os.pipe()
        self.pipes = Pipes(out, err)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        for pipe in self.pipes.both:
            os.close(pipe.descriptor)

    def end(self) -> None:
        """Closes what it writes to."""
        for end in {self.out, self.err} - {-1}:
            os.close(end)
        self.out = self.err = -1

    def said(self, *, out: bytes = b"", err: bytes = b"") -> list[tuple[str, str]]:
        """The events after it has written something."""
        os.write(self.out, out)
        os.write(self.err, err)
        return events(self.pipes.read()[0])


def events(data: bytes) -> list[tuple[str, str]]:
    """Kind and text of each event."""
    found = [json.loads(line) for line in data.split(b"\n\n") if line]
    return [(event["type"], event["text"]) for event in found]


@pytest.fixture
def program() -> Iterator[Program]:
    with Program() as program:
        yield program


def test_a_line_that_is_written_in_pieces_is_one_event(program: Program) -> None:
    assert program.said(out=b"one ") == []
    assert program.said(out=b"line\nand a ") == [("stdout", "one line\n")]
    assert program.said(out=b"half") == []
    program.end()
    assert events(program.pipes.read()[0]) == [("stdout", "and a half")]


def test_what_is_unfinished_goes_out_after_a_moment(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    assert program.said(out=b"Name: ") == []
    # A program that goes on adding to its line does not put the moment off.
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + output.LINGER / 2)
    assert program.said(out=b"? ") == []
    assert program.pipes.overdue() == b""
    at = program.pipes.release_at
    assert at == 100.0 + output.LINGER
    monkeypatch.setattr(time, "monotonic", lambda: at)
    assert events(program.pipes.overdue()) == [("stdout", "Name: ? ")]
    assert program.pipes.release_at is None


def test_a_line_that_has_no_end_is_not_held_for_it(program: Program) -> None:
    assert program.said(out=b"x" * 40_000) == []
    assert program.said(out=b"x" * 40_000) == [("stdout", "x" * 80_000)]
    assert 40_000 < LONGEST_HELD < 80_000


def test_what_was_said_first_comes_first(program: Program) -> None:
    assert program.said(out=b"asking... ") == []
    assert program.said(err=b"failed\n") == [("stdout", "asking... "), ("stderr", "failed\n")]
    assert program.said(err=b"at ") == []
    assert program.said(out=b"done\n") == [("stderr", "at "), ("stdout", "done\n")]
    both = program.said(out=b"asking... ", err=b"failed\n")
    assert both == [("stdout", "asking... "), ("stderr", "failed\n")]


def test_a_line_goes_on_after_a_full_piece_whatever_the_other_pipe_says(program: Program) -> None:
    os.set_blocking(program.out, False)
    full = os.write(program.out, b"y" * 9 + b"\n" + b"x" * 100_000)
    assert full == output._PIECE, "what a pipe takes at once"
    first = program.said(err=b"beside\n")
    assert first == [("stdout", "y" * 9 + "\n"), ("stderr", "beside\n")]
    assert program.said(out=b"\n", err=b"") == [("stdout", "x" * (full - 10) + "\n")]


@given(
    st.lists(st.sampled_from([b"a", b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"\n", b"\r\n", b"\xff"])),
    st.lists(st.integers(1, 12)),
)
def test_however_it_is_cut_lines_are_whole_and_bytes_exact(
    parts: list[bytes], cuts: list[int]
) -> None:
    written, position, found = b"".join(parts), 0, []
    with Program() as program:
        for size in (*cuts, len(written)):
            found += program.said(out=written[position : position + size])
            position += size
        assert all(text.endswith("\n") for _, text in found)
        program.end()
        found += events(program.pipes.read()[0])
    assert "".join(text for _, text in found) == written.decode("utf-8", "replace")


def test_a_question_without_a_line_ending_is_seen_while_the_program_waits(daemon: Daemon) -> None:
    answer = daemon.files / "answer"
    command = "printf 'Name? '; until [ -e answer ]; do sleep 0.01; done; cat answer"
    texts = []
    with daemon.stream("/command", {"command": command}) as stream:
        for line in stream.iter_lines():
            event = json.loads(line) if line else {}
            if event.get("type") == "stdout":
                texts.append(event["text"])
                answer.write_text("Ada\n")
    assert texts == ["Name? ", "Ada\n"]
