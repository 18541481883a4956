"""The benchmarks measure what they say: the canned peer reads HTTP properly, and what is told was
measured.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from benchmarks import client, document
from benchmarks.peer import Canned, Exchange
from benchmarks.works import MBS, MS, ROWS, US, Goal, Row

BODY = b'{"command":"lines 3"}'
HEAD = b"POST /command HTTP/1.1\r\nHost: x\r\n"
SIZED = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = (
    HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(BODY), BODY)
    + b"0\r\nTrailer: y\r\n\r\n"
)


async def answers(pieces: list[bytes], ends: bytes, count: int) -> bytes:
    """What the peer says to these bytes, until it has said `ends` so often."""
    loop = asyncio.get_running_loop()
    canned, counts = Canned("127.0.0.1:1"), Counter[str]()
    server = await loop.create_server(lambda: Exchange(canned, counts), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    said = b""
    async with asyncio.timeout(20):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        while said.count(ends) < count:
            said += await reader.read(65536)
    writer.close()
    await writer.wait_closed()
    server.close()
    return said


@pytest.mark.parametrize("request_bytes", [SIZED, CHUNKED])
@pytest.mark.parametrize("size", [1, 7, 50, 1000])
async def test_the_peer_takes_head_and_body_in_pieces(request_bytes: bytes, size: int) -> None:
    """Twice, so that it is seen that the first request ended where it did."""
    pieces = [request_bytes[at : at + size] for at in range(0, len(request_bytes), size)]
    for _ in range(2):
        said = await answers([*pieces, *pieces], b"\r\n0\r\n\r\n", 2)
        assert said.count(b"brown fox") == 6


async def test_the_peer_lists_by_pages() -> None:
    asked = b"GET /v1/sandboxes?page=100&pageSize=100 HTTP/1.1\r\n\r\n"
    said = await answers([asked], b"totalItems", 1)
    listed = json.loads(said.partition(b"\r\n\r\n")[2])
    assert [len(listed["items"]), listed["items"][-1]["id"]] == [100, "sb-9999"]
    assert listed["pagination"]["hasNextPage"] is False


def test_every_row_names_a_work_that_exists() -> None:
    elsewhere = {"import", "modules", "import_bare", "import_e2b", "fresh", "connections"}
    for row in ROWS:
        kind, _, what = row.work.partition(":")
        if kind == "growth":
            assert {f"{what}_1_mib", f"{what}_2_gib"} <= set(client.WORKS)
        elif kind != "tls" and kind not in elsewhere:
            assert kind in client.WORKS


@pytest.mark.parametrize(
    ("goal", "measured", "shown"),
    [
        (Goal("time", 1.2), {"ratio": 1.15}, ("1.15", "yes")),
        (Goal("time", 1.2), {"ratio": 1.25}, ("1.25", "no")),
        (Goal("value", 0.1), {"ours": 0.2, "ratio": 0.5}, ("0.5", "no")),
        (Goal("excess", 0.005), {"ours": 0.05, "excess": 0.004}, ("+4 ms", "yes")),
        (Goal("time", 1.2), {}, ("", "-")),
    ],
)
def test_a_goal_is_met_or_not(
    goal: Goal, measured: dict[str, float], shown: tuple[str, str]
) -> None:
    cells = document._cells(Row("work", MS, goal, "lines"), measured)
    assert (cells[4], cells[6]) == shown


def test_a_speed_is_the_reverse_of_a_time() -> None:
    row = Row("work", MBS, Goal("speed", 0.5), "download")
    assert document._cells(row, {"ours": 0.002, "httpx": 0.001, "ratio": 2.0}) == (
        "work",
        "524 MB/s",
        "1,049 MB/s",
        "-",
        "0.5",
        "≥ 0.5",
        "yes",
    )
    assert US.show(0.0012345) == "1,234 µs"


def test_the_document_is_what_was_measured() -> None:
    assert document.DOCUMENT.read_text(encoding="utf-8") == document.text()
