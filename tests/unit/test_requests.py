from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire import files, requests
from opensandbox.exceptions import InvalidArgumentException
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    MoveEntry,
    SetPermissionEntry,
    WriteEntry,
)


def test_what_is_not_given_is_not_sent() -> None:
    assert requests.run_command("ls") == {"command": "ls"}
    assert requests.run_in_session("ls") == {"command": "ls"}


def test_a_command_with_everything() -> None:
    assert requests.run_command(
        "ls",
        background=True,
        working_directory="/tmp",
        timeout=2.5,
        uid=1000,
        gid=0,
        envs={"A": "", "B": "x\ny"},
    ) == {
        "command": "ls",
        "background": True,
        "cwd": "/tmp",
        "timeout": 2500,
        "uid": 1000,
        "gid": 0,
        "envs": {"A": "", "B": "x\ny"},
    }


def test_a_list_is_run_word_by_word() -> None:
    assert requests.run_command(["echo", "a b", ""]) == {"argv": ["echo", "a b", ""]}
    assert requests.run_command(("true",)) == {"argv": ["true"]}


@pytest.mark.parametrize(
    ("timeout", "milliseconds"),
    [
        *((timedelta(microseconds=500), 1), (1e-9, 1), (0.5, 500), (0.0015, 2), (1, 1000)),
        *((timedelta(seconds=2.5), 2500), (0.1, 100), (0.007, 7), (86400, 86_400_000)),
    ],
)
def test_a_limit_never_becomes_none_or_shorter(timeout: Any, milliseconds: int) -> None:
    assert requests.run_command("x", timeout=timeout)["timeout"] == milliseconds


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_milliseconds_are_those_of_the_seconds(seconds: float) -> None:
    assert 0 <= requests.milliseconds(seconds, "timeout") - seconds * 1000 <= 1.0001


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": ""},
        {"command": "  \n"},
        {"command": []},
        {"command": ["", "a"]},
        {"command": ["a", "b\0"]},
        {"command": "a\0b"},
        {"command": "\ud800"},
        {"command": b"ls"},
        {"command": None},
        {"command": ["a", 7]},
        {"command": "x", "timeout": 0},
        {"command": "x", "timeout": -1},
        {"command": "x", "timeout": timedelta(seconds=-1)},
        {"command": "x", "timeout": float("nan")},
        {"command": "x", "timeout": "5"},
        {"command": "x", "gid": 5},
        {"command": "x", "uid": -1},
        {"command": "x", "uid": True},
        {"command": "x", "uid": 2**32},
        {"command": "x", "uid": "root"},
        {"command": "x", "working_directory": ""},
        {"command": "x", "working_directory": 7},
        {"command": "x", "envs": {"": "a"}},
        {"command": "x", "envs": {"A=B": "a"}},
        {"command": "x", "envs": {"A": 7}},
        {"command": "x", "envs": {"A": "a\0"}},
        {"command": "x", "envs": ["A=a"]},
    ],
)
def test_a_command_that_cannot_be_meant(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentException):
        requests.run_command(**arguments)


def test_an_error_never_shows_a_variables_value() -> None:
    with pytest.raises(InvalidArgumentException) as problem:
        requests.environment({"A": "hunter2\0"})
    assert "hunter2" not in str(problem.value)


@pytest.mark.parametrize("value", ["plain", "a b", "", '$HOME `id` \\ "quoted"', "two\nlines"])
def test_a_variable_is_written_as_it_is(value: str, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "envs"
    line = requests.set_env("KEY_1", value)
    subprocess.run(
        ["bash", "-c", line], env={"EXECD_ENVS": str(file), "PATH": "/usr/bin:/bin"}, check=True
    )
    assert file.read_text() == f"KEY_1='{value}'\n"


def test_a_variable_with_an_apostrophe_is_escaped(tmp_path: Path) -> None:
    file = tmp_path / "envs"
    line = requests.set_env("K", "it's $1 \\ \" `x`")
    subprocess.run(
        ["bash", "-c", line], env={"EXECD_ENVS": str(file), "PATH": "/usr/bin:/bin"}, check=True
    )
    assert file.read_text() == 'K="it\'s \\$1 \\\\ \\" \\`x\\`"\n'


def test_a_sandbox_without_a_place_for_variables_says_so() -> None:
    done = subprocess.run(
        ["bash", "-c", requests.set_env("K", "v")],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"EXECD_ENVS is not set" in done.stderr


@pytest.mark.parametrize("key", ["", "1A", "A-B", "A=B", "A\n", "É", None])
def test_a_name_that_no_variable_has(key: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="variable's name"):
        requests.set_env(key, "v")


def test_permissions_leave_out_what_stays() -> None:
    body = files.permissions(
        [WriteEntry(path="/a"), SetPermissionEntry(path="/b", mode=600, owner="u", group="g")]
    )
    assert body.to_dict() == {
        "/a": {"mode": 755},
        "/b": {"mode": 600, "owner": "u", "group": "g"},
    }


def test_moves() -> None:
    (move,) = files.moves([MoveEntry(src="/a", dest="/b")])
    assert move.to_dict() == {"src": "/a", "dest": "/b"}


def test_replacements() -> None:
    entries = [ContentReplaceEntry(path="/a", old_content="x", new_content="")]
    assert files.replacements(entries).to_dict() == {"/a": {"old": "x", "new": ""}}


def test_two_replacements_in_one_file_would_lose_one() -> None:
    entry = ContentReplaceEntry(path="/a", old_content="x", new_content="y")
    with pytest.raises(InvalidArgumentException, match="'/a' is named twice"):
        files.replacements([entry, entry])


def test_the_metadata_of_an_upload() -> None:
    assert files.upload_metadata(WriteEntry(path="/a", data="")) == {"path": "/a", "mode": 755}
    entry = WriteEntry(path="/a", data="", mode=644, owner="u", group="g")
    assert files.upload_metadata(entry) == {
        "path": "/a",
        "mode": 644,
        "owner": "u",
        "group": "g",
    }


def test_a_download_of_a_part() -> None:
    plain = files.download("/a", range_header=None, offset=None, limit=None)
    assert plain == ({"path": "/a"}, {})
    part = files.download("/a", range_header="bytes=0-1,5-", offset=2, limit=0)
    assert part == ({"path": "/a", "offset": 2, "limit": 0}, {"Range": "bytes=0-1,5-"})


@pytest.mark.parametrize(
    "arguments",
    [
        *({"path": ""}, {"path": "a\0"}, {"path": None}, {"offset": -1}, {"limit": 1.5}),
        *({"offset": True}, {"range_header": "0-1"}, {"range_header": "bytes=0-1\r\nX: 1"}),
    ],
)
def test_a_download_that_cannot_be_meant(arguments: dict[str, Any]) -> None:
    given = {"path": "/a", "range_header": None, "offset": None, "limit": None, **arguments}
    with pytest.raises(InvalidArgumentException):
        files.download(**given)


@pytest.mark.parametrize("paths", ["/a", b"/a", ["/a", ""], [None], None, {"/a"}])
def test_a_list_of_paths_is_one(paths: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="paths"):
        requests.texts(paths, "paths")


@pytest.mark.parametrize("value", [-1, True, "3", 1.5])
def test_a_cursor_is_a_number_of_bytes(value: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="cursor"):
        requests.cursor(value)
