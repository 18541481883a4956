from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire.events import (
    ExecutionFold,
    _Tail,
    end_from_status,
    event_from_frame,
    sends_exact_output,
)
from opensandbox._wire.sse import FrameDecoder
from opensandbox.models.execd import (
    CommandStatus,
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionInit,
    ExecutionResult,
    OtherEvent,
    OutputMessage,
)

DONE = {"type": "execution_complete", "execution_time": 4, "timestamp": 9}


def fold(*frames: dict[str, Any], exact: bool = False, **options: Any) -> Execution:
    folded = ExecutionFold(**options)
    folded.exact = exact
    folded.take(list(frames))
    return folded.execution()


def out(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "stdout", "text": text, "timestamp": 1} for text in texts]


def failed(value: object) -> dict[str, Any]:
    return {
        "type": "error",
        "timestamp": 5,
        "error": {"ename": "CommandExecError", "evalue": value},
    }


# --- one frame --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        ({"type": "init", "text": "c-1", "timestamp": 7}, ExecutionInit(id="c-1", timestamp=7)),
        ({"type": "stdout", "text": "a", "timestamp": 7}, OutputMessage(text="a", timestamp=7)),
        ({"type": "stderr", "text": "a"}, OutputMessage(text="a", timestamp=0, is_error=True)),
        (DONE, ExecutionComplete(timestamp=9, execution_time_in_millis=4)),
    ],
)
def test_the_usual_events(frame: dict[str, Any], event: object) -> None:
    assert event_from_frame(frame) == event


def test_an_unknown_type_passes_through() -> None:
    frame = {"type": "novelty", "text": "?", "more": [1]}
    assert event_from_frame(frame) == OtherEvent(type="novelty", timestamp=0, data=frame)


@pytest.mark.parametrize("frame", [{}, {"type": None}, {"type": 7}, {"type": ["stdout"]}])
def test_a_frame_without_a_usable_type_passes_through(frame: dict[str, Any]) -> None:
    assert isinstance(event_from_frame(frame), OtherEvent)


@pytest.mark.parametrize("kind", ["init", "stdout", "stderr", "result", "execution_complete"])
def test_null_fields_are_absent(kind: str) -> None:
    names = ("text", "timestamp", "results", "error", "execution_time")
    assert event_from_frame({"type": kind, **dict.fromkeys(names)}) == event_from_frame(
        {"type": kind}
    )


def test_a_number_may_stand_where_text_belongs() -> None:
    event = event_from_frame(failed(3))
    assert isinstance(event, ExecutionError)
    assert event.value == "3"
    assert event_from_frame({"type": "stdout", "text": 7}) == OutputMessage(text="7", timestamp=0)


def test_every_form_of_a_result_is_kept() -> None:
    results = {"text/plain": "5", "text/html": "<b>5</b>", "application/json": {"a": 1}, "x": None}
    assert event_from_frame({"type": "result", "results": results, "timestamp": 3}) == (
        ExecutionResult(
            text="5",
            timestamp=3,
            extra_properties={"text/html": "<b>5</b>", "application/json": '{"a": 1}'},
        )
    )


def test_plain_text_may_be_named_text() -> None:
    event = event_from_frame({"type": "result", "results": {"text": "5"}})
    assert event == ExecutionResult(text="5", timestamp=0)


def test_an_error_with_nothing_in_it() -> None:
    for frame in (
        {"type": "error"},
        {"type": "error", "error": None},
        {"type": "error", "error": {}},
    ):
        event = event_from_frame(frame)
        assert isinstance(event, ExecutionError)
        assert event.value == ""
        assert event.traceback == []


def test_an_error_that_is_a_sentence() -> None:
    event = event_from_frame({"type": "error", "error": "it broke"})
    assert isinstance(event, ExecutionError)
    assert event.value == "it broke"


def test_a_bare_code_and_message_is_an_error() -> None:
    event = event_from_frame({"code": "RUNTIME_ERROR", "message": "context deadline exceeded"})
    assert event == ExecutionError(
        name="RUNTIME_ERROR", value="context deadline exceeded", timestamp=0, traceback=[]
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
NAMES = [
    "type",
    "text",
    "timestamp",
    "results",
    "error",
    "execution_time",
    "execution_count",
    "code",
]
KINDS = ["init", "stdout", "stderr", "result", "error", "execution_complete", "execution_count"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.sampled_from(KINDS) | JSON)
def test_no_frame_is_too_odd(frame: dict[str, Any], kind: Any) -> None:
    execution = fold({**frame, "type": kind})
    assert isinstance(execution.stdout, str)


# --- the fold ---------------------------------------------------------------------------------


def test_success() -> None:
    execution = fold({"type": "init", "text": "c-1"}, *out("a"), DONE)
    assert execution.id == "c-1"
    assert execution.exit_code == 0
    assert execution.complete is not None
    assert execution.error is None


@pytest.mark.parametrize(
    ("value", "code"), [("3", 3), (3, 3), ("-1", -1), ("127", 127), ("gone", None), (None, None)]
)
def test_a_failures_value_is_the_exit_code(value: object, code: int | None) -> None:
    execution = fold(*out("a"), failed(value))
    assert execution.exit_code == code
    assert execution.error is not None
    assert execution.complete is None


def test_what_runs_in_the_background_has_no_exit_code_yet() -> None:
    assert fold(DONE, background=True).exit_code is None


def test_an_execution_that_has_not_ended_has_neither_exit_code_nor_end() -> None:
    folded = ExecutionFold()
    folded.take(out("a"))
    assert not folded.ended
    execution = folded.execution()
    assert (execution.exit_code, execution.complete, execution.error) == (None, None, None)
    assert [message.text for message in execution.logs.stdout] == ["a"]


@pytest.mark.parametrize("end", [DONE, failed("3")])
def test_the_first_terminal_event_ends_it(end: dict[str, Any]) -> None:
    folded = ExecutionFold()
    events = folded.take([*out("a"), end, *out("late"), failed("4")])
    assert len(events) == 2
    assert folded.ended
    assert folded.execution().stdout == "a\n"


def test_a_ping_is_no_event() -> None:
    assert ExecutionFold().take([{"type": "ping", "text": "pong"}]) == []


def test_results_and_count() -> None:
    execution = fold(
        {"type": "result", "results": {"text": "1"}},
        {"type": "result", "results": {"text": "2"}},
        {"type": "execution_count", "execution_count": 7},
    )
    assert [result.text for result in execution.result] == ["1", "2"]
    assert execution.execution_count == 7


def test_output_and_results_may_be_left_to_the_handlers() -> None:
    folded = ExecutionFold(skip_accumulation=True)
    events = folded.take([*out("a"), {"type": "result", "results": {"text": "1"}}, failed("3")])
    assert len(events) == 3
    execution = folded.execution()
    assert execution.logs.stdout == []
    assert execution.result == []
    assert execution.exit_code == 3


@given(
    st.lists(st.text(alphabet="ab\n", max_size=7), max_size=20),
    st.integers(min_value=1, max_value=30),
)
def test_of_limited_output_the_end_is_kept_and_the_rest_counted(
    texts: list[str], most: int
) -> None:
    whole = "".join(texts)
    execution = fold(*out(*texts), exact=True, max_output=most)
    assert execution.stdout == whole[-most:]
    assert execution.logs.stdout_dropped == max(0, len(whole) - most)
    assert execution.logs.stderr_dropped == 0


def test_limited_output_is_held_once_and_no_more_than_is_kept() -> None:
    folded = ExecutionFold(max_output=10)
    folded.take(out(*(f"{line}\n" for line in range(1000))))
    assert isinstance(folded._stdout, _Tail)
    assert len(folded._stdout._messages) <= 4
    assert folded.execution() == folded.execution()


def test_what_was_not_kept_is_told_where_output_is_shown() -> None:
    frames = [*out("1234567"), {"type": "stderr", "text": "oh no"}, failed("1")]
    execution = fold(*frames, max_output=3)
    assert execution.text == "[4 characters before this were not kept]\n567"
    assert "[stderr]\n[2 characters before this were not kept]\n no" in str(execution)


def test_a_short_line_costs_few_calls() -> None:
    """There may be millions of them, so what is done for each counts."""
    calls = 0

    def count(code: object, event: str, _: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    stream = b'{"type":"stdout","text":"a line","timestamp":1}\n\n' * 1000
    decoder, folded, before = FrameDecoder(), ExecutionFold(), sys.getprofile()
    sys.setprofile(count)
    try:
        folded.take(decoder.feed(stream))
    finally:
        sys.setprofile(before)
    assert len(folded.execution().logs.stdout) == 1000
    assert 1000 < calls < 25 * 1000


# --- joining ----------------------------------------------------------------------------------


def test_an_older_daemon_leaves_out_line_endings() -> None:
    assert fold(*out("a", "\n", "b"), DONE).stdout == "a\n\nb\n"


def test_a_newer_daemon_sends_them() -> None:
    assert fold(*out("a\n", "\n", "b\n", "no end"), DONE).stdout == "a\n\nb\nno end"


def test_one_line_that_is_sure_makes_the_others_sure() -> None:
    assert fold(*out("\n", "a", "b\n"), DONE).stdout == "\nab\n"
    both = fold(*out("a"), {"type": "stderr", "text": "e\r\n"}, DONE)
    assert (both.stdout, both.stderr) == ("a", "e\r\n")


@pytest.mark.parametrize("texts", [["no end"], ["\n"], ["a", "b"], ["\n", "a"]])
def test_the_header_makes_the_first_line_sure_as_well(texts: list[str]) -> None:
    assert fold(*out(*texts), DONE, exact=True).stdout == "".join(texts)


@given(st.lists(st.text("ab\r\n", min_size=1)))
def test_exact_output_is_joined_as_it_came(texts: list[str]) -> None:
    assert fold(*out(*texts), DONE, exact=True).stdout == "".join(texts)


@given(st.lists(st.text("ab \t")))
def test_lines_without_their_ending_get_it_back(lines: list[str]) -> None:
    printed = "".join(f"{line}\n" for line in lines)
    assert fold(*out(*(line or "\n" for line in lines)), DONE).stdout == printed


@pytest.mark.parametrize(
    ("headers", "exact"),
    [
        ({"X-EXECD-OUTPUT": "exact"}, True),
        ({"x-execd-output": " Exact "}, True),
        ({"x-execd-output": "lines"}, False),
        ({}, False),
    ],
)
def test_the_header_that_says_so(headers: dict[str, str], exact: bool) -> None:
    assert sends_exact_output(headers) is exact


# --- our own limit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "limit", "elapsed", "timed_out"),
    [
        (failed("-1"), 0.5, 0.6, True),
        ({"code": "RUNTIME_ERROR", "message": "deadline"}, 0.5, 3.0, True),
        (failed("-1"), 0.5, 0.3, False),
        (failed("1"), 0.5, 0.6, False),
        (failed("-1"), None, 0.6, False),
        (DONE, 0.5, 0.6, False),
    ],
)
def test_a_limit_counts_as_reached_when_it_killed(
    end: dict[str, Any], limit: float | None, elapsed: float, timed_out: bool
) -> None:
    folded = ExecutionFold(limit=limit)
    folded.take([end])
    assert folded.execution(elapsed=elapsed).timed_out is timed_out


# --- the status instead of an end -------------------------------------------------------------

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("running", [True, None])
def test_what_is_running_has_no_end(running: bool | None) -> None:
    assert end_from_status(CommandStatus(running=running, exit_code=0)) is None


def test_the_end_of_a_command_from_its_status() -> None:
    ended = BEGAN.replace(second=2)
    status = CommandStatus(running=False, exit_code=0, started_at=BEGAN, finished_at=ended)
    assert end_from_status(status) == ExecutionComplete(timestamp=0, execution_time_in_millis=2000)
    failure = end_from_status(CommandStatus(running=False, exit_code=3, error="exit status 3"))
    assert isinstance(failure, ExecutionError)
    assert (failure.value, failure.traceback) == ("3", ["exit status 3"])
    unknown = end_from_status(CommandStatus(running=False))
    assert isinstance(unknown, ExecutionError)
    assert unknown.value == ""
