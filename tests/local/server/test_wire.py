"""The recorded requests of a real server get the recorded status, code and shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.local.server.servers import Server, running

PAIRS = json.loads((Path(__file__).resolve().parents[2] / "data" / "transcripts.json").read_text())[
    "lifecycle"
]

DIFFERENT_STATUS = {
    "create with unknown image": (202, "any name works: it says which root was used"),
    "network policy without egress": (200, "every sandbox has a filtering proxy, asked for or not"),
}
"""Pairs whose answer rightly differs: ours, and why."""

ADDED = {
    "extensions": "says what the runtime really did",
    "headers": "the daemon wants its token, and the endpoint is where that is told",
}
"""Fields of ours that the recorded server does not send, and why."""

RECORDED_IDS = re.compile(
    r"5c92e937-ccf9-49e4-87e1-f4f43fd82f1a|c6abb093-ddb6-4e60-860d-df2138f1d5ef"
    r"|7910aca9-4137-4a24-95ca-7ed0acc6b0fa"
)
SNAPSHOT = "7910aca9-4137-4a24-95ca-7ed0acc6b0fa"
FIRST, SECOND = "5c92e937-ccf9-49e4-87e1-f4f43fd82f1a", "c6abb093-ddb6-4e60-860d-df2138f1d5ef"


def shape(value: Any) -> Any:
    """What a program may rely on: names, types, codes, kinds of problem, states."""
    if isinstance(value, Mapping):
        return {
            key: item
            if key in ("code", "state", "reason", "type", "loc", "kind", "scope", "delivery")
            else shape(item)
            for key, item in value.items()
            if key not in ADDED
        }
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def replay(server: Server, pair: Mapping[str, Any], ids: Mapping[str, str]) -> Any:
    """Sends a recorded request, with the ids of this server, and returns the answer."""
    request = pair["request"]
    path = RECORDED_IDS.sub(lambda found: ids[found[0]], request["path"])
    query = request.get("query") or {}
    pairs = query if isinstance(query, list) else list(query.items())
    query = [(name, RECORDED_IDS.sub(lambda found: ids[found[0]], str(v))) for name, v in pairs]
    headers = dict(request.get("headers") or {})
    body = request.get("body")
    content = body if isinstance(body, str) or body is None else json.dumps(body)
    if content is not None:
        headers.setdefault("content-type", "application/json")
    if pair["name"] == "renew":
        content = json.dumps({"expiresAt": "2099-11-22T22:43:28.696254+00:00"})
    return server.client.request(
        request["method"], path, params=query, headers=headers, content=content
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All recorded requests, sent in their order to one server."""
    ids = {FIRST: "?", SECOND: "?", SNAPSHOT: "?"}
    found = {}
    with running(tmp_path_factory.mktemp("replay"), "--kill-on-exit", "--spares=0") as server:
        for pair in PAIRS:
            answer = found[pair["name"]] = replay(server, pair, ids)
            if pair["name"] == "create":
                ids[FIRST] = answer.json()["id"]
            elif pair["name"] == "create without timeout":
                ids[SECOND] = answer.json()["id"]
            elif pair["name"] == "snapshot create":
                ids[SNAPSHOT] = answer.json()["id"]
                server.snapshot_ready(ids[SNAPSHOT])
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_answer_is_as_recorded(pair: Mapping[str, Any], answers: dict[str, Any]) -> None:
    recorded, ours = pair["response"], answers[pair["name"]]
    if pair["name"] in DIFFERENT_STATUS:
        assert ours.status_code == DIFFERENT_STATUS[pair["name"]][0]
        return
    assert ours.status_code == recorded["status"]
    if recorded.get("body"):
        assert ours.headers["content-type"] == recorded["headers"]["content-type"]
        assert shape(ours.json()) == shape(json.loads(recorded["body"]))
    else:
        assert ours.content == b""


@pytest.mark.parametrize("name", DIFFERENT_STATUS)
def test_each_difference_is_one_of_a_recorded_pair(name: str) -> None:
    assert name in {pair["name"] for pair in PAIRS}
