from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire import commands, files, metrics
from opensandbox.exceptions import InvalidArgumentException, SandboxInternalException
from opensandbox.models.execd import CommandStatus
from opensandbox_api.execd.models import CommandStatusResponse, FileInfo, FileInfoByPath, Metrics

INFO = {
    "path": "/a",
    "size": 3,
    "modified_at": "2026-11-22T21:43:53.614679542Z",
    "created_at": "2026-11-22T21:43:53Z",
    "owner": "root",
    "group": "root",
    "mode": 644,
}


@pytest.mark.parametrize("kind", ["file", "socket", None])
def test_a_file(kind: str | None) -> None:
    (entry,) = files.entries_by_path(
        FileInfoByPath.from_dict({"/a": {**INFO, "type": kind}})
    ).values()
    assert entry.path == "/a"
    assert entry.entry_type == kind
    assert entry.modified_at == datetime(2026, 11, 22, 21, 43, 53, 614679, tzinfo=UTC)


def test_an_empty_listing_may_be_null() -> None:
    assert files.entry_infos(None) == []
    assert len(files.entry_infos([FileInfo.from_dict(INFO)])) == 1


def test_a_status_with_nulls_and_gaps() -> None:
    status = CommandStatusResponse.from_dict({"id": "c", "exit_code": None, "finished_at": None})
    assert commands.command_status(status) == CommandStatus(id="c")


def test_a_status_that_says_nothing_is_none() -> None:
    with pytest.raises(SandboxInternalException, match="whether the command is running"):
        commands.command_status(CommandStatusResponse.from_dict({"wrong": True}))


def test_metrics_get_their_public_names() -> None:
    load = metrics.sandbox_metrics(
        Metrics(cpu_count=2, cpu_used_pct=0.5, mem_total_mib=100, mem_used_mib=10, timestamp=7)
    )
    assert (load.cpu_count, load.cpu_used_percentage) == (2, 0.5)
    assert (load.memory_total_in_mib, load.memory_used_in_mib) == (100, 10)
    assert load.timestamp == 7


def test_metrics_are_floats_where_they_say_so() -> None:
    load = metrics.sandbox_metrics_frame(
        {
            "cpu_count": 2,
            "cpu_used_pct": 50,
            "mem_total_mib": 100,
            "mem_used_mib": 10,
            "timestamp": 7,
        }
    )
    floats = [name for name, value in load.to_dict().items() if type(value) is float]
    assert floats == [
        "cpu_count",
        "cpu_used_percentage",
        "memory_total_in_mib",
        "memory_used_in_mib",
    ]


@pytest.mark.parametrize("cursor", [None, "", "x", "-1", "1.5", "²"])
def test_a_cursor_that_is_no_number_is_none(cursor: str | None) -> None:
    assert commands.command_logs("é".encode()[:1], cursor).cursor is None


def test_half_a_character_is_left_for_the_next_read() -> None:
    logs = commands.command_logs("aé".encode()[:2], "12")
    assert (logs.content, logs.cursor) == ("a", 11)


def test_bytes_that_are_no_text_are_not_waited_for() -> None:
    logs = commands.command_logs(b"a\xff", "12")
    assert (logs.content, logs.cursor) == ("a\ufffd", 12)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.data())
def test_logs_read_in_parts_are_the_whole(text: str, data: st.DataObject) -> None:
    printed = text.encode()
    cursor, read = 0, ""
    for end in [*sorted(data.draw(st.lists(st.integers(0, len(printed))))), len(printed)]:
        logs = commands.command_logs(printed[cursor : max(cursor, end)], str(max(cursor, end)))
        assert logs.cursor is not None
        cursor, read = logs.cursor, read + logs.content
    assert read == text


def test_text_in_its_encoding() -> None:
    assert files.decoded(b"h\xe9", "latin-1", "/a") == "hé"
    with pytest.raises(InvalidArgumentException, match="is no text in utf-8"):
        files.decoded(b"h\xe9", "utf-8", "/a")
