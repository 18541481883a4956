"""The recorded requests get the recorded answers; where they rightly do not, here is why."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.execd.daemons import Daemon, joined, parse

PAIRS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "transcripts.json").read_text()
)["execd"]

DIFFERENT = {
    "command argv": "a program and its arguments can be run without a shell",
    "command unicode and crlf": "a carriage return is output like any other byte",
    "session run sees state": "variables that were not exported are kept too",
    "isolated capabilities": "there are capabilities to speak of",
    "isolated create": "there are isolated sessions, though not without isolation",
    "download directory": "a JSON error instead of a length that no body can have",
}
"""Answers that differ on purpose; each has a test of its own elsewhere in this folder."""

OF_THE_MACHINE = {
    "command uid gid": "the numbers may have names here",
    "download by lines": "the machine has users of its own",
    "info": "/bin/sh leads where this machine says",
    "proxy": "the machine has a name of its own",
}
"""Answers whose body is this machine's; their status and shape are compared."""

_STREAM = "text/event-stream"


class Conversation:
    """The recorded requests, sent in order with this run's own ids, folder and port."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._renamed = {"/tmp/w": f"{daemon.files}/w", "8000": str(port)}

    def send(self, pair: Mapping[str, Any]) -> httpx.Response:
        """Sends one recorded request."""
        request = json.loads(self._rename(json.dumps(pair["request"])))
        content: Any = {}
        if "multipart" in request:
            content["files"] = [
                (name, (item["filename"], item["content"], item["content_type"]))
                for name, item in request["multipart"]
            ]
        elif isinstance(request.get("body"), str):
            content["content"] = request["body"]
        elif "body" in request:
            content["json"] = request["body"]
        query = request.get("query")
        answer = self._daemon.client.request(
            request["method"],
            request["path"],
            params=[tuple(item) for item in query] if isinstance(query, list) else query,
            headers=request.get("headers"),
            **content,
        )
        self._learn_ids(pair["response"]["body"], answer.text)
        return answer

    def _rename(self, text: str) -> str:
        for recorded, ours in self._renamed.items():
            text = text.replace(recorded, ours)
        return text

    def _learn_ids(self, recorded: str, ours: str) -> None:
        pattern = re.compile(r'"(?:text|session_id)":"([0-9a-f-]{32,36})"')
        pair = pattern.search(recorded), pattern.search(ours)
        if pair[0] and pair[1]:
            self._renamed[pair[0][1]] = pair[1][1]

    def expected(self, pair: Mapping[str, Any]) -> str:
        """The recorded body in terms of this run."""
        return self._rename(pair["response"]["body"])


@pytest.fixture(scope="module")
def conversation(daemon: Daemon) -> dict[str, tuple[httpx.Response, str]]:
    """Every answer, and the recorded body, by the pair's name."""
    talk = Conversation(daemon)
    answers = {}
    for pair in PAIRS:
        if pair["name"] == "metrics watch":
            continue  # It has no end; see test_metrics.
        if pair["name"] == "command logs":
            _until(partial(_is_printed, talk, pair))
        if pair["name"] == "proxy":
            _until(partial(_is_served, talk, pair))
        answers[pair["name"]] = (talk.send(pair), talk.expected(pair))
    return answers


def _is_printed(talk: Conversation, pair: Mapping[str, Any]) -> bool:
    body: str = pair["response"]["body"]
    return talk.send(pair).text == body


def _is_served(talk: Conversation, pair: Mapping[str, Any]) -> bool:
    return talk.send(pair).status_code != 502


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


SENT = [pair for pair in PAIRS if pair["name"] != "metrics watch"]
ALIKE = [pair for pair in SENT if pair["name"] not in DIFFERENT]


def names(pairs: list[dict[str, Any]]) -> list[str]:
    """For the test's report."""
    return [pair["name"] for pair in pairs]


@pytest.mark.parametrize("pair", ALIKE, ids=names(ALIKE))
def test_the_answer_is_as_recorded(
    conversation: dict[str, tuple[httpx.Response, str]], pair: dict[str, Any]
) -> None:
    answer, expected = conversation[pair["name"]]
    recorded = pair["response"]
    assert answer.status_code == recorded["status"], answer.text
    kind = recorded["headers"].get("content-type", "")
    assert answer.headers.get("content-type", "") == kind
    if kind.startswith(_STREAM):
        assert_same_stream(answer.text, expected, machine=pair["name"] in OF_THE_MACHINE)
    elif kind.startswith("application/json"):
        assert_same_json(json.loads(answer.text), json.loads(expected))
    elif pair["name"] not in OF_THE_MACHINE:
        assert answer.text == expected
    for name in ("content-disposition", "content-range", "accept-ranges", "cache-control"):
        if name in recorded["headers"]:
            assert answer.headers[name] == recorded["headers"][name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference_is_still_one(
    conversation: dict[str, tuple[httpx.Response, str]], name: str
) -> None:
    answer, expected = conversation[name]
    recorded = next(pair for pair in PAIRS if pair["name"] == name)["response"]
    same_status = answer.status_code == recorded["status"]
    same_text = same_status and lines_of(answer.text, exact=True) == lines_of(expected)
    assert not same_text


def lines_of(stream: str, *, exact: bool = False) -> list[str] | str:
    """What was printed on standard output, as lines; a text that is no stream as it is."""
    if '"type":"init"' not in stream:
        return stream
    events = parse(stream)
    if exact:
        return joined(events, "stdout").removesuffix("\n").split("\n")
    texts = [event["text"] for event in events if event.get("type") == "stdout"]
    # The recorded form leaves line endings out, but writes an empty line as one.
    return ["" if text == "\n" else text for text in texts] or [""]


def assert_same_stream(ours: str, recorded: str, *, machine: bool) -> None:
    """Same output, same end."""
    if not machine:
        assert lines_of(ours, exact=True) == lines_of(recorded)
    last, recorded_last = (
        [event for event in parse(text) if event.get("type") != "ping"][-1]
        for text in (ours, recorded)
    )
    assert last.get("type") == recorded_last.get("type")
    assert last.get("code") == recorded_last.get("code")
    assert last.get("error") == recorded_last.get("error")
    assert parse(ours)[0]["type"] == parse(recorded)[0]["type"] == "init"


_CHANGING = {
    "message", "error", "started_at", "finished_at", "modified_at", "created_at", "timestamp",
    "cpu_count", "cpu_used_pct", "mem_total_mib", "mem_used_mib",
}  # fmt: skip


def assert_same_json(ours: Any, recorded: Any, name: str = "") -> None:
    """Same keys in the same places, and the same values but for times, sizes and sentences."""
    if isinstance(recorded, dict):
        assert isinstance(ours, dict)
        assert set(ours) == set(recorded)
        for key, value in recorded.items():
            assert_same_json(ours[key], value, key)
    elif isinstance(recorded, list):
        assert len(ours) == len(recorded)
        for one, other in zip(ours, recorded, strict=True):
            assert_same_json(one, other, name)
    elif name in _CHANGING or name == "size":
        assert isinstance(ours, str) == isinstance(recorded, str)
    else:
        assert ours == recorded
