"""Every recorded answer of a real server goes through the decoding of the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opensandbox._wire.errors import error_from_response
from opensandbox._wire.events import ExecutionFold
from opensandbox._wire.sse import Frame, FrameDecoder
from opensandbox.exceptions import SandboxApiException

Pair = dict[str, Any]

TRANSCRIPTS: dict[str, list[Pair]] = json.loads(
    (Path(__file__).parent.parent / "data" / "transcripts.json").read_text()
)
PAIRS = [(api, pair) for api, pairs in TRANSCRIPTS.items() for pair in pairs]
REFUSED = [(api, pair) for api, pair in PAIRS if pair["response"]["status"] >= 400]
STREAMS = [
    pair
    for _, pair in PAIRS
    if pair["response"]["headers"].get("content-type", "").startswith("text/event-stream")
]


def named(pair: object) -> str | None:
    return pair["name"] if isinstance(pair, dict) else None


def decode(*chunks: bytes) -> list[Frame]:
    decoder = FrameDecoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)] + decoder.close()


def test_the_recording_is_whole() -> None:
    assert len(PAIRS) == 127
    assert len(REFUSED) > 40
    assert len(STREAMS) > 15


@pytest.mark.parametrize(("api", "pair"), REFUSED, ids=named)
def test_a_refusal_keeps_status_code_and_body(api: str, pair: Pair) -> None:
    answer, request = pair["response"], pair["request"]
    problem = error_from_response(
        answer["status"],
        {**answer["headers"], "x-request-id": "r-1"},
        answer["body"].encode(),
        method=request["method"],
        url=f"http://{api}{request['path']}",
    )
    assert isinstance(problem, SandboxApiException)
    assert problem.status_code == answer["status"]
    assert problem.response_body == answer["body"].encode()
    assert problem.request_id == "r-1"
    assert f"{request['method']} {request['path']} at {api}: {answer['status']}" in str(problem)
    try:
        body = json.loads(answer["body"])
    except ValueError:
        body = {}
    if "code" in body:
        assert problem.error.code == body["code"]
        assert problem.error.message == body["message"]
    elif "detail" in body:
        for fault in body["detail"]:
            assert ".".join(map(str, fault["loc"])) in str(problem)


@pytest.mark.parametrize("pair", STREAMS, ids=named)
def test_a_stream_cut_at_every_byte_gives_the_same_frames(pair: Pair) -> None:
    stream = pair["response"]["body"].encode()
    lines = [line for line in pair["response"]["body"].split("\n") if line]
    if not stream.rstrip().endswith(b"}"):
        lines.pop()  # the recording stopped in the middle of a frame
    frames = [json.loads(line) for line in lines]
    for cut in range(len(stream) + 1):
        assert decode(stream[:cut], stream[cut:]) == frames
    assert decode(*(stream[index : index + 1] for index in range(len(stream)))) == frames


@pytest.mark.parametrize("pair", STREAMS, ids=named)
def test_the_same_in_every_other_spelling(pair: Pair) -> None:
    frames = decode(pair["response"]["body"].encode())
    texts = [json.dumps(frame, ensure_ascii=False) for frame in frames]
    for form in (
        "data: {}\n\n",
        "event: x\r\ndata: {}\r\n\r\n",
        "data:{}\r\r",
        "{}\n",
        "{}\r\n\r\n",
    ):
        assert decode("".join(form.replace("{}", text) for text in texts).encode()) == frames


PRINTED = {
    "command": ("out\nno newline\n", "err\n", 0),
    "command empty output": ("", "", 0),
    "command exit 3": ("bye\n", "", 3),
    "command killed": ("", "", -1),
    "command not found": ("", "bash: line 1: no-such-program: command not found\n", 127),
    "command cwd env": ("/tmp\nv\n", "", 0),
    "command uid gid": ("uid=1000 gid=1000 groups=1000\n", "", 0),
    "command timeout": ("a\n", "", -1),
    "command unicode and crlf": ("hé\nx\n\n\ny\n", "", 0),
    "command invalid utf8": ("a\ufffdb\n", "", 0),
    "command slow with pings": ("a\nb\n", "", 0),
    "session run export": ("", "", 0),
    "session run sees state": ("7 /usr\n", "", 0),
    "session run exit code": ("", "", 1),
    "session run exits shell": ("", "", 4),
    "session run after exit": ("again\n", "", 0),
    "session run timeout": ("", "", None),
}


@pytest.mark.parametrize("pair", [p for p in STREAMS if p["name"] in PRINTED], ids=named)
def test_what_came_of_it(pair: Pair) -> None:
    fold = ExecutionFold()
    fold.take(decode(pair["response"]["body"].encode()))
    assert fold.ended
    execution = fold.execution()
    assert (execution.stdout, execution.stderr, execution.exit_code) == PRINTED[pair["name"]]
    assert execution.id is not None


def test_each_expectation_is_of_a_recorded_stream() -> None:
    assert set(PRINTED) <= {pair["name"] for pair in STREAMS}
