"""What each public value checks and gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import opensandbox.models
from opensandbox.exceptions import CommandFailedException, InvalidArgumentException
from opensandbox.models._checks import metadata_problem
from opensandbox.models._time import Seconds, optional_seconds, seconds
from opensandbox.models.execd import (
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionLogs,
    ExecutionResult,
    OutputMessage,
    RunCommandOpts,
)
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)
from opensandbox.models.sandboxes import (
    PVC,
    Host,
    LifecycleHook,
    NetworkRule,
    PeriodicLifecycleHook,
    SandboxEndpoint,
    SandboxFilter,
    SandboxImageAuth,
    SandboxImageSpec,
    SandboxLifecycle,
    SandboxOrigin,
    SandboxState,
    Volume,
)

HOST = Host(path="/srv")


def nightly() -> PeriodicLifecycleHook:
    return PeriodicLifecycleHook(name="a", schedule="@daily", command=["true"])


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: SandboxImageSpec(" "), "SandboxImageSpec.image must not be empty"),
        (lambda: SandboxImageAuth(username="", password="p"), "username must not be empty"),
        (lambda: SandboxImageAuth(username="u", password=""), "password must not be empty"),
        (lambda: NetworkRule(action="allow", target=""), "target must not be empty"),
        (lambda: Host(path="srv"), "Host.path must be an absolute path"),
        (lambda: PVC(claim_name="Data"), "PVC.claim_name must be at most 253 lower-case"),
        (
            lambda: Volume(name="a", host=HOST, mount_path="data"),
            "Volume.mount_path must be an abs",
        ),
        (lambda: Volume(name="A_b", host=HOST, mount_path="/a"), "Volume.name must be at most 63"),
        (lambda: Volume(name="a", mount_path="/a"), "exactly one of host, pvc and ossfs, got none"),
        (
            lambda: Volume(name="a", host=HOST, pvc=PVC(claim_name="c"), mount_path="/a"),
            "got host and pvc",
        ),
        (
            lambda: Volume(name="a", host=HOST, mount_path="/a", sub_path="../x"),
            "Volume.sub_path must be a path below the volume",
        ),
        (lambda: LifecycleHook(command=[]), "LifecycleHook.command must not be empty"),
        (lambda: LifecycleHook(command=[" "]), "must begin with the name of a program"),
        (lambda: LifecycleHook(command=["a"], timeout_seconds=0), "between 1 and 10800"),
        (lambda: SandboxLifecycle(periodic=[nightly(), nightly()]), "got 'a' more than once"),
        (lambda: SandboxFilter(page=0), "SandboxFilter.page must be at least 1"),
        (lambda: SandboxFilter(page_size=0), "SandboxFilter.page_size must be at least 1"),
        (lambda: RunCommandOpts(timeout=0), "RunCommandOpts.timeout must be more than 0"),
        (lambda: RunCommandOpts(timeout=timedelta(seconds=-1)), "must be more than 0 seconds"),
        (lambda: RunCommandOpts(gid=5), "RunCommandOpts.gid needs uid"),
        (lambda: RunCommandOpts(uid=-1), "RunCommandOpts.uid must be at least 0"),
        (lambda: RunCommandOpts(working_directory=""), "working_directory must not be empty"),
        (lambda: WriteEntry(path=""), "WriteEntry.path must not be empty"),
        (lambda: WriteEntry(path="a\0b"), "must not hold a null character"),
        (lambda: WriteEntry(path="a", encoding=""), "encoding must not be empty"),
        (lambda: DirectoryListEntry(path="a", depth=-1), "depth must be at least 0"),
        (lambda: MoveEntry(src="", dest="a"), "MoveEntry.src must not be empty"),
        (lambda: SearchEntry(path="a", pattern=""), "SearchEntry.pattern must not be empty"),
        (
            lambda: ContentReplaceEntry(path="a", old_content="", new_content="b"),
            "old_content must not be empty",
        ),
    ],
)
def test_what_the_api_would_refuse_is_refused_when_built(
    build: Callable[[], object], told: str
) -> None:
    with pytest.raises(InvalidArgumentException) as caught:
        build()
    assert told in str(caught.value)


@pytest.mark.parametrize("mode", [0, 7, 644, 755, 1777, 7777])
def test_modes_are_octal_digits(mode: int) -> None:
    assert WriteEntry(path="a", mode=mode).mode == mode


@pytest.mark.parametrize("mode", [-1, 8, 649, 980, 10000])
def test_what_is_no_octal_digits_is_refused_with_a_word_on_pythons_own(mode: int) -> None:
    for build in (WriteEntry, SetPermissionEntry):
        with pytest.raises(InvalidArgumentException) as caught:
            build(path="a", mode=mode)
        assert "0o644" in str(caught.value) or mode < 0


def test_windows_paths_of_the_host_are_taken() -> None:
    assert Host(path="C:\\data").path == "C:\\data"


@pytest.mark.parametrize(
    "metadata",
    [
        {"team": "wire", "a.b_c-d": "A.b_c-d", "x": ""},
        {"example.com/team": "x", "a" * 63: "b" * 63},
        {"team": None},
    ],
)
def test_metadata_that_the_api_takes(metadata: dict[str, str | None]) -> None:
    assert metadata_problem(metadata) is None


@pytest.mark.parametrize(
    "metadata",
    [
        *(
            {key: "x"}
            for key in ("bad key!", "", "-a", "a-", "a" * 64, "/a", "a/", "A.com/x", "a/b/c")
        ),
        *({"a": value} for value in (" ", "-a", "a b", "b" * 64, "a\n")),
    ],
)
def test_metadata_that_the_api_refuses(metadata: dict[str, str | None]) -> None:
    assert "metadata" in (metadata_problem(metadata) or "")


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5.0), (0.5, 0.5), (timedelta(microseconds=500), 0.0005)]
)
def test_a_duration_is_seconds_or_a_timedelta(value: Seconds, number: float) -> None:
    assert seconds(value, "timeout") == number


@pytest.mark.parametrize("value", [0, -1, True, "5", None, float("nan"), float("inf"), [5]])
def test_what_is_no_duration_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="timeout must be"):
        seconds(value, "timeout")


def test_a_duration_may_have_a_least_value() -> None:
    assert seconds(0, "wait", at_least=0) == 0
    assert optional_seconds(None, "wait") is None
    with pytest.raises(
        InvalidArgumentException, match="timeout must be at least 60 seconds, got 5"
    ):
        seconds(5, "timeout", at_least=60)


# --- executions


def execution(*stdout: str, stderr: tuple[str, ...] = (), **more: Any) -> Execution:
    logs = ExecutionLogs(
        stdout=[OutputMessage(text=text) for text in stdout],
        stderr=[OutputMessage(text=text, is_error=True) for text in stderr],
    )
    return Execution(logs=logs, **more)


@pytest.mark.parametrize(
    ("texts", "printed"),
    [
        ((), ""),
        (("a", "b"), "a\nb\n"),  # lines without their ends
        (("a", "\n", "b"), "a\n\nb\n"),  # "\n" stands for a line with nothing on it
        (("a\n", "b\n"), "a\nb\n"),  # text as it was
        (("a\n", "\n", "b"), "a\n\nb"),
        (("a\r\n", "b"), "a\r\nb"),
        (("50%\r", "100%\n"), "50%\r100%\n"),
    ],
)
def test_stdout_is_what_was_printed(texts: tuple[str, ...], printed: str) -> None:
    assert execution(*texts).stdout == printed


def test_one_stream_tells_of_the_other() -> None:
    told = execution("no end", stderr=("oops\n",))
    assert (told.stdout, told.stderr) == ("no end", "oops\n")


def test_who_knows_the_form_of_the_stream_is_believed() -> None:
    known = execution("no end")
    known.logs._know_line_endings(True)
    assert known.stdout == "no end"


def test_the_text_is_for_showing() -> None:
    shown = execution("a\n", "b\n", stderr=("e\n",), result=[ExecutionResult(text="42\n")])
    assert shown.text == "a\nb\n42"
    assert str(shown) == "a\nb\n42\n[stderr]\ne"
    assert execution("a\r\n", "50%\r100%\n").text == "a\n50%\n100%"
    assert str(Execution(error=ExecutionError(name="N", value="v"))) == "[error] N: v"
    assert Execution(result=[ExecutionResult(extra_properties={"image/png": "x"})]).text == ""


def test_results_are_added() -> None:
    run = Execution()
    run.add_result(ExecutionResult(text="1", extra_properties={"text/html": "<b>1</b>"}))
    run.logs.add_stderr(OutputMessage(text="e", is_error=True))
    assert run.result[0].extra_properties == {"text/html": "<b>1</b>"}
    assert run.stderr == "e\n"


def test_check_gives_back_what_succeeded() -> None:
    done = Execution(exit_code=0, complete=ExecutionComplete(execution_time_in_millis=1))
    assert done.check() is done
    assert Execution().check()


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (Execution(exit_code=3), "The command ended with exit code 3"),
        (execution(stderr=("no such file\n",), exit_code=2), "exit code 2: no such file"),
        (Execution(exit_code=-1, timed_out=True), "reached its timeout"),
        (Execution(error=ExecutionError(name="NameError", value="x")), "NameError: x"),
    ],
)
def test_check_raises_what_failed(failed: Execution, told: str) -> None:
    with pytest.raises(CommandFailedException, match=told) as caught:
        failed.check()
    assert caught.value.execution is failed


# --- the rest


class Settings:
    user_agent = "agent/1"
    headers = {"X-Mine": "1", "X-Token": "mine"}  # noqa: RUF012

    def __init__(self, *, through_server: bool) -> None:
        self.use_server_proxy = through_server

    def get_api_key(self) -> str:
        return "key-1"


def test_the_headers_for_a_request_of_ones_own() -> None:
    endpoint = SandboxEndpoint(endpoint="h:1", headers={"X-Token": "theirs"})
    direct = endpoint.build_request_headers(Settings(through_server=False))
    assert direct == {"User-Agent": "agent/1", "X-Mine": "1", "X-Token": "theirs"}
    through = endpoint.build_request_headers(Settings(through_server=True))
    assert through == {**direct, "OPEN-SANDBOX-API-KEY": "key-1"}


def test_the_known_states() -> None:
    assert SandboxState.values() == {
        *("Pending", "Running", "Pausing", "Paused"),
        *("Stopping", "Terminated", "Failed", "Unknown"),
    }
    assert SandboxOrigin.values() == {"template", "unknown"}


def test_every_value_is_found_in_the_package() -> None:
    for name in opensandbox.models.__all__:
        assert getattr(opensandbox.models, name).__name__ == name
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(opensandbox.models, "no_such" + "_name")
