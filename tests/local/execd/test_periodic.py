"""Hooks that run again and again: when, and what becomes of them."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox.local.execd import periodic
from opensandbox.local.execd.schedules import Cron, Every, InvalidSchedule, parse
from tests.local.execd.daemons import Daemon
from tests.local.execd.test_commands import eventually


def fits(schedule: str, moment: str) -> bool:
    """Whether a cron line means a minute; 2026-03-01 was a Sunday."""
    found = parse(schedule)
    assert isinstance(found, Cron)
    return found.fits(datetime.fromisoformat(moment).timetuple())


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ("* * * * *", "2026-03-01 12:34", True),
        ("34 12 * * *", "2026-03-01 12:34", True),
        ("34 12 * * *", "2026-03-01 12:35", False),
        ("*/5 * * * *", "2026-03-01 12:35", True),
        ("*/5 * * * *", "2026-03-01 12:34", False),
        ("4/10 * * * *", "2026-03-01 12:34", True),
        ("4/10 * * * *", "2026-03-01 12:03", False),
        ("10-40/8 * * * *", "2026-03-01 12:34", True),
        ("1,34,59 9-17 * * *", "2026-03-01 12:34", True),
        ("1,34,59 9-11 * * *", "2026-03-01 12:34", False),
        ("* * ? * MON-FRI", "2026-03-01 12:34", False),
        ("* * ? * MON-FRI", "2026-03-02 12:34", True),
        ("* * * Mar sun", "2026-03-01 12:34", True),
        ("* * * * 0", "2026-03-01 12:34", True),
        ("* * * * 7", "2026-03-01 12:34", True),
        ("* * * * 5-7", "2026-03-01 12:34", True),
        ("* * * * 1", "2026-03-01 12:34", False),
        ("* * 13 * 0", "2026-03-01 12:34", True),
        ("* * 1 * 5", "2026-03-01 12:34", True),
        ("* * 13 * 5", "2026-03-01 12:34", False),
        ("* * */2 * 5", "2026-03-01 12:34", False),
        ("* * 31 2 *", "2026-03-01 12:34", False),
        ("@hourly", "2026-03-01 12:00", True),
        ("@hourly", "2026-03-01 12:01", False),
        ("@daily", "2026-03-01 00:00", True),
        ("@weekly", "2026-03-01 00:00", True),
        ("@monthly", "2026-03-02 00:00", False),
        ("@Yearly", "2026-01-01 00:00", True),
    ],
)
def test_a_cron_line_means_minutes(schedule: str, moment: str, expected: bool) -> None:
    assert fits(schedule, moment) is expected


@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 28), st.integers(1, 12))
def test_a_minute_is_meant_by_its_own_line_and_not_its_neighbour(
    minute: int, hour: int, day: int, month: int
) -> None:
    moment = datetime(2026, month, day, hour, minute)
    found = parse(f"{minute} {hour} {day} {month} *")
    assert isinstance(found, Cron)
    assert found.fits(moment.timetuple())
    assert not found.fits((moment + timedelta(minutes=1)).timetuple())


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [("@every 1s", 1), ("@every 90s", 90), ("@every 1h30m", 5400), ("@EVERY 2m", 120)],
)
def test_an_interval_is_in_whole_seconds(schedule: str, seconds: int) -> None:
    assert parse(schedule) == Every(seconds)


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "soon", "@often", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *"),
        *("* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "*-5 * * * *", "a * * * *"),
        *("-1 * * * *", "1, * * * *", "mon * * * *", "\u0661 * * * *", "1000 * * * *"),
        *("@every", "@every 0s", "@every 1.5s", "@every 500ms", "@every -1s", "@every 1"),
    ],
)
def test_what_is_no_schedule_is_refused_with_a_sentence(schedule: str) -> None:
    with pytest.raises(InvalidSchedule, match="schedule "):
        parse(schedule)


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [(100, 100, 110), (100, 109.9, 110), (100, 110, 120), (100, 137, 140), (100, 99.9, 110)],
)
def test_times_are_not_put_off_by_runs_and_none_comes_twice(
    due: float, now: float, expected: float
) -> None:
    assert periodic._next(due, 10, now) == expected


def hook(name: str, *command: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "schedule": "@every 1s", "command": list(command), **more}


def counted(daemon: Daemon, name: str) -> int:
    """How many lines are in a file."""
    place = daemon.files / name
    return len(place.read_text().splitlines()) if place.exists() else 0


def test_hooks_run_again_and_again_and_one_never_twice_at_once(fresh: Daemon) -> None:
    slow = "echo begin >> slow; sleep 1.2; echo end >> slow"
    fresh.configure(
        periodic=[
            hook("quick", "sh", "-c", "echo $MARK >> quick; exit 3"),
            hook("slow", "sh", "-c", slow),
            hook("missing", "no-such-program"),
        ],
        env={"MARK": "kept"},
    )
    assert eventually(lambda: counted(fresh, "slow") >= 3)
    assert (fresh.files / "slow").read_text().split()[:3] == ["begin", "end", "begin"]
    assert counted(fresh, "quick") >= 3
    assert set((fresh.files / "quick").read_text().split()) == {"kept"}


def test_a_hook_that_takes_too_long_is_killed_and_runs_again(fresh: Daemon) -> None:
    fresh.configure(
        periodic=[hook("stuck", "sh", "-c", "echo x >> stuck; sleep 1000", timeoutSeconds=1)]
    )
    assert eventually(lambda: counted(fresh, "stuck") >= 2)


def test_a_hook_is_told_of_when_that_changes_and_in_few_lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = periodic.Account("backup")
    runs = [(0, 0), (1, 0), (2, 3), (59, 3), (61, 3), (62, 0), (121, 0), (3000, 0), (3721, 0)]
    for at, code in runs:
        monkeypatch.setattr(time, "monotonic", lambda at=at: float(at))
        account.count(f"exit status {code}", "the reason" if code else "")
    monkeypatch.undo()
    assert [record.message for record in caplog.records] == [
        "periodic hook 'backup': exit status 0 (run 1, of which 0 failed)",
        "periodic hook 'backup': exit status 3 (run 5, of which 3 failed): the reason",
        "periodic hook 'backup': exit status 0 (run 7, of which 3 failed)",
        "periodic hook 'backup': exit status 0 (run 9, of which 3 failed)",
    ]


def test_runs_of_hooks_are_not_among_the_commands(fresh: Daemon) -> None:
    fresh.configure(periodic=[hook("many", "sh", "-c", "echo x >> many")])
    kept = fresh.run("true").id
    before = fresh.descriptors()
    assert eventually(lambda: counted(fresh, "many") >= 3)
    assert fresh.client.get(f"/command/status/{kept}").status_code == 200
    assert eventually(lambda: fresh.descriptors() <= before)


def test_hooks_wait_for_what_has_to_run_before(fresh: Daemon) -> None:
    fresh.configure()
    assert not counted(fresh, "x")
    answer = fresh.ask(
        {"op": "start", "entrypoint": ["true"], "periodic": [hook("a", "sh", "-c", "echo >> x")]}
    )
    assert answer["ok"]
    assert eventually(lambda: counted(fresh, "x") >= 1)


def test_a_schedule_that_is_none_leaves_the_sandbox_unconfigured(fresh: Daemon) -> None:
    refused = fresh.configure(periodic=[hook("a", "true") | {"schedule": "soon"}])
    assert (refused["ok"], "schedule" in refused["error"]) == (False, True)
    assert fresh.configure()["ok"]
