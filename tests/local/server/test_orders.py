"""What a create request may ask for, and what is said when it asks for something else."""

from __future__ import annotations

from typing import Any

import pytest

from opensandbox.local.server.faults import Fault, Malformed
from opensandbox.local.server.orders import Order, machine_architecture, read_order


def order(**more: Any) -> Order:
    return read_order({"image": {"uri": "python:3.11"}, **more})


def problems(**more: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises(Malformed) as raised:
        order(**more)
    return [(problem.type, problem.loc) for problem in raised.value.problems]


def fault(**more: Any) -> tuple[int, str]:
    with pytest.raises(Fault) as raised:
        order(**more)
    assert raised.value.message.endswith((".", ")")), "a sentence"
    return raised.value.status, raised.value.code


def test_an_image_is_enough() -> None:
    plain = order()
    assert plain.entrypoint == ("tail", "-f", "/dev/null")
    assert plain.timeout is None
    assert (plain.resources.cpu, plain.resources.memory) == (None, None)


def test_null_is_read_as_absent() -> None:
    nulls = dict.fromkeys(("timeout", "env", "metadata", "entrypoint", "volumes", "platform"))
    assert order(**nulls) == order()


def test_all_problems_come_at_once() -> None:
    assert problems(timeout=5, env=[], entrypoint=[1], secureAccess="perhaps") == [
        ("greater_than_equal", ("body", "timeout")),
        ("dict_type", ("body", "env")),
        ("string_type", ("body", "entrypoint", 0)),
        ("bool_parsing", ("body", "secureAccess")),
    ]


@pytest.mark.parametrize(
    ("timeout", "kind"),
    [
        (59, "greater_than_equal"),
        ("soon", "int_parsing"),
        (60.5, "int_from_float"),
        ([], "int_type"),
    ],
)
def test_a_timeout_is_a_number_of_seconds_from_60(timeout: object, kind: str) -> None:
    assert problems(timeout=timeout) == [(kind, ("body", "timeout"))]


def test_a_timeout_past_all_calendars_is_refused() -> None:
    assert fault(timeout=10**15) == (400, "SANDBOX::INVALID_PARAMETER")


@pytest.mark.parametrize(
    "body", [{}, {"image": {"uri": "a"}, "snapshotId": "b"}, {"snapshotId": "b", "templateId": "c"}]
)
def test_exactly_one_source(body: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as raised:
        read_order(body)
    (problem,) = raised.value.problems
    assert (problem.type, problem.loc) == ("value_error", ("body",))


def test_a_snapshot_is_a_source_and_a_template_is_not_here() -> None:
    assert read_order({"snapshotId": "s"}).snapshot_id == "s"
    with pytest.raises(Fault) as raised:
        read_order({"templateId": "t"})
    assert raised.value.status == 501


@pytest.mark.parametrize(
    ("limits", "cpu", "memory"),
    [
        ({"cpu": "1", "memory": "2Gi"}, 1.0, 2 * 1024**3),
        ({"cpu": "500m", "memory": "512Mi"}, 0.5, 512 * 1024**2),
        ({"cpu": "0.25", "memory": "100M"}, 0.25, 100_000_000),
        ({"memory": "134217728"}, None, 134217728),
    ],
)
def test_limits_are_quantities(
    limits: dict[str, str], cpu: float | None, memory: int | None
) -> None:
    resources = order(resourceLimits=limits).resources
    assert (resources.cpu, resources.memory) == (cpu, memory)


@pytest.mark.parametrize(
    "limits",
    [
        {"cpu": "x"},
        {"cpu": "-1"},
        {"cpu": "0"},
        {"cpu": "1e3"},
        {"memory": "lots"},
        {"memory": "1Ei2"},
        {"memory": "1Mi"},
        {"memory": "9" * 15 + "Pi"},
        {"disk": ""},
        {"cpu": "\u0661"},
    ],
)
def test_limits_that_are_no_quantities_are_refused(limits: dict[str, str]) -> None:
    assert fault(resourceLimits=limits) == (400, "SANDBOX::INVALID_PARAMETER")


def test_what_has_no_effect_here_is_listed() -> None:
    assert order(resourceLimits={"gpu": "1", "cpu": "1"}).without_effect == ("resourceLimits.gpu",)
    assert order().without_effect == ()


def periodic(name: str = "n", schedule: str = "* * * * *", **more: Any) -> dict[str, Any]:
    return {"name": name, "schedule": schedule, "command": ["true"], **more}


def test_periodic_hooks_are_read() -> None:
    asked = order(lifecycle={"periodic": [periodic(timeoutSeconds=5), periodic("m", "@every 3s")]})
    assert [(h["name"], h["schedule"], h["timeoutSeconds"]) for h in asked.periodic] == [
        ("n", "* * * * *", 5),
        ("m", "@every 3s", None),
    ]
    assert order(lifecycle={"periodic": []}).periodic == ()


@pytest.mark.parametrize(
    "hooks",
    [
        [periodic(schedule="soon")],
        [periodic(schedule="@every 1.5s")],
        [periodic(), periodic()],
        [periodic(str(number)) for number in range(33)],
        [periodic(timeoutSeconds=301)],
        [periodic(command=[])],
    ],
)
def test_periodic_hooks_that_cannot_be_are_refused(hooks: list[dict[str, Any]]) -> None:
    with pytest.raises(Malformed) as raised:
        order(lifecycle={"periodic": hooks})
    assert raised.value.problems[0].loc[:3] == ("body", "lifecycle", "periodic")


@pytest.mark.parametrize(
    "metadata",
    [
        {"bad key!": "x"},
        {"": "x"},
        {"-a": "x"},
        {"a" * 64: "x"},
        {"a": "v" * 64},
        {"a": "v w"},
        {"/a": "x"},
        {"Upper.Case/a": "x"},
        {"a/b/c": "x"},
        {"a": "line\n"},
    ],
)
def test_metadata_has_the_form_of_labels(metadata: dict[str, str]) -> None:
    assert fault(metadata=metadata) == (400, "SANDBOX::INVALID_METADATA_LABEL")


@pytest.mark.parametrize(
    "metadata", [{"a": ""}, {"example.com/a_b.c-d": "V_1.x-y"}, {"a" * 63: "v"}]
)
def test_metadata_may_be_labels(metadata: dict[str, str]) -> None:
    assert order(metadata=metadata).metadata == metadata


def test_a_platform_must_be_this_one() -> None:
    here = {"os": "linux", "arch": machine_architecture()}
    assert order(platform=here).platform == ("linux", machine_architecture())
    other = "arm64" if here["arch"] == "amd64" else "amd64"
    assert fault(platform={"os": "linux", "arch": other})[0] == 400
    assert fault(platform={**here, "os": "windows"})[0] == 400
    assert problems(platform={"os": "plan9", "arch": "amd64"}) == [
        ("enum", ("body", "platform", "os"))
    ]


@pytest.mark.parametrize("env", [{"A=B": "x"}, {"": "x"}, {"A": "a\0b"}])
def test_names_of_variables_are_checked(env: dict[str, str]) -> None:
    assert fault(env=env) == (400, "SANDBOX::INVALID_PARAMETER")


def volume(**more: Any) -> dict[str, Any]:
    return {"name": "data", "mountPath": "/data", "host": {"path": "/srv/data"}, **more}


def test_a_host_volume() -> None:
    (found,) = order(volumes=[volume(readOnly=True, subPath="a/b")]).volumes
    assert (found.path, found.mount_path, found.read_only, found.sub_path) == (
        "/srv/data",
        "/data",
        True,
        "a/b",
    )


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"host": None}, 400, "VOLUME::INVALID_BACKEND"),
        ({"pvc": {"claimName": "c"}}, 400, "VOLUME::INVALID_BACKEND"),
        ({"host": None, "pvc": {"claimName": "c"}}, 501, "VOLUME::UNSUPPORTED_BACKEND"),
        ({"host": {"path": "C:\\data"}}, 400, "VOLUME::INVALID_HOST_PATH"),
        ({"host": {"path": "/srv/../etc"}}, 400, "VOLUME::INVALID_SUB_PATH"),
        ({"subPath": "../x"}, 400, "VOLUME::INVALID_SUB_PATH"),
        ({"subPath": "/x"}, 400, "VOLUME::INVALID_SUB_PATH"),
    ],
)
def test_volumes_that_are_refused(changes: dict[str, Any], status: int, code: str) -> None:
    assert fault(volumes=[volume(**changes)]) == (status, code)


def test_two_volumes_have_two_names() -> None:
    assert fault(volumes=[volume(), volume()]) == (400, "VOLUME::DUPLICATE_NAME")


def test_a_relative_mount_path_is_malformed() -> None:
    assert problems(volumes=[volume(mountPath="data")]) == [
        ("string_pattern_mismatch", ("body", "volumes", 0, "mountPath"))
    ]


def test_a_policy_is_kept_as_it_was_given() -> None:
    policy = {"defaultAction": "deny", "egress": [{"action": "allow", "target": "pypi.org"}]}
    assert order(networkPolicy=policy).network_policy == policy
    assert problems(networkPolicy={"egress": [{"action": "maybe", "target": ""}]}) == [
        ("enum", ("body", "networkPolicy", "egress", 0, "action")),
        ("string_too_short", ("body", "networkPolicy", "egress", 0, "target")),
    ]
    assert order(networkPolicy={}).network_policy == {}


def test_a_target_that_means_nothing_is_refused() -> None:
    rule = {"action": "allow", "target": "a*b.example.com"}
    assert fault(networkPolicy={"egress": [rule]}) == (400, "SANDBOX::INVALID_PARAMETER")


def test_credentials_need_a_policy() -> None:
    enabled = {"enabled": True}
    assert fault(credentialProxy=enabled) == (400, "SANDBOX::INVALID_PARAMETER")
    assert order(credentialProxy=enabled, networkPolicy={}).credentials
    assert not order(credentialProxy={"enabled": False}).credentials


def test_credentials_are_not_repeated_in_a_problem() -> None:
    with pytest.raises(Malformed) as raised:
        read_order({"snapshotId": "s", "image": {"uri": "a", "auth": {"password": "hunter2"}}})
    assert "hunter2" not in str([problem.to_dict() for problem in raised.value.problems])


def test_a_hook_has_a_command_and_a_bounded_time() -> None:
    hook = {"command": ["true"], "timeoutSeconds": 5}
    assert order(lifecycle={"preStart": hook}).before_start == hook
    assert problems(lifecycle={"preStart": {"command": [], "timeoutSeconds": 0}}) == [
        ("too_short", ("body", "lifecycle", "preStart", "command")),
        ("greater_than_equal", ("body", "lifecycle", "preStart", "timeoutSeconds")),
    ]
