"""What the sandbox uses."""

from __future__ import annotations

import json

from tests.local.execd.daemons import Daemon

KEYS = {"cpu_count", "cpu_used_pct", "mem_total_mib", "mem_used_mib", "timestamp"}


def test_metrics_are_plausible(daemon: Daemon) -> None:
    answer = daemon.client.get("/metrics").json()
    assert set(answer) == KEYS
    assert answer["cpu_count"] >= 1
    assert 0 <= answer["cpu_used_pct"] <= 100
    assert 0 < answer["mem_used_mib"] <= answer["mem_total_mib"]


def test_watching_gives_one_object_a_line_until_the_reader_leaves(daemon: Daemon) -> None:
    with daemon.client.stream("GET", "/metrics/watch") as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = response.iter_lines()
        first, second = json.loads(next(lines)), json.loads(next(lines))
    assert set(first) == KEYS
    assert second["timestamp"] > first["timestamp"]


def test_a_limit_is_the_total(fresh: Daemon) -> None:
    fresh.configure(limits={"memory": 64 * 1024 * 1024, "cpu": 0.5})
    answer = fresh.client.get("/metrics").json()
    assert (answer["mem_total_mib"], answer["cpu_count"]) == (64.0, 0.5)
