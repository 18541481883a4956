"""Which hosts a policy lets a sandbox reach."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox.local.egress.addresses import (
    InvalidHost,
    canonical,
    is_public,
    parse_host,
    split_port,
)
from opensandbox.local.egress.policy import (
    WITHOUT_POLICY,
    InvalidPolicy,
    Policy,
    parse_target,
    read_policy,
    read_rules,
    read_targets,
)

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}(\.[a-z][a-z0-9]{0,9}){1,3}", fullmatch=True)
IPV4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)


def policy(*rules: str, default: str = "deny") -> Policy:
    """A policy from rules such as ``allow pypi.org``."""
    egress = [dict(zip(("action", "target"), rule.split(" ", 1), strict=True)) for rule in rules]
    return read_policy({"defaultAction": default, "egress": egress})


def reaches(policy: Policy, host: str, port: int = 443, *, at: str | None = None) -> bool:
    """Whether a host is reached that is found at the address `at`, by default a public one."""
    parsed = parse_host(host)
    address = parse_host(at or "93.184.215.14") if isinstance(parsed, str) else parsed
    assert not isinstance(address, str)
    named = policy.about_host(parsed, port)
    return named.allowed and policy.about_address(address, port).allowed


@pytest.mark.parametrize(
    ("rules", "host", "reached"),
    [
        (["allow pypi.org"], "pypi.org", True),
        (["allow pypi.org"], "PyPI.org.", True),
        (["allow PYPI.ORG."], "pypi.org", True),
        (["allow pypi.org"], "files.pypi.org", False),
        (["allow pypi.org"], "notpypi.org", False),
        (["allow *.pypi.org"], "files.pypi.org", True),
        (["allow *.pypi.org"], "a.b.pypi.org", True),
        (["allow *.pypi.org"], "pypi.org", False),
        (["allow *.pypi.org"], "notpypi.org", False),
        (["allow *"], "anything.example", True),
        (["allow *"], "93.184.215.14", True),
        (["allow bücher.example"], "xn--bcher-kva.example", True),
        (["allow xn--bcher-kva.example"], "BÜCHER.example", True),
        (["deny a.example", "allow *.example"], "a.example", False),
        (["allow a.example", "deny *.example"], "a.example", True),
        (["allow *.example", "deny a.example"], "a.example", True),
        (["allow 93.184.215.14"], "93.184.215.14", True),
        (["allow 93.184.215.14"], "example.com", False),
        (["allow 93.184.0.0/16"], "93.184.215.14", True),
        (["allow 93.184.0.0/16"], "93.185.0.1", False),
        (["allow [2606:4700::/32]"], "[2606:4700::1]", True),
    ],
)
def test_a_host_is_reached_by_the_first_rule_that_fits(
    rules: list[str], host: str, reached: bool
) -> None:
    assert reaches(policy(*rules), host) is reached


@pytest.mark.parametrize(
    ("rule", "port", "reached"),
    [
        ("allow a.example:443", 443, True),
        ("allow a.example:443", 80, False),
        ("allow *.example:443", 443, True),
        ("allow *:80", 443, False),
        ("allow a.example", 8080, True),
    ],
)
def test_a_rule_may_be_for_one_port(rule: str, port: int, reached: bool) -> None:
    assert reaches(policy(rule), "a.example", port) is reached


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::]"),
        *("10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "100.100.100.200"),
        *("169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "168.63.129.16"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "[ff02::1]", "[2002:7f00:1::]"),
        *("\uff11\uff12\uff17.0.0.1", "127\u30020.0.1"),
    ],
)
def test_what_is_not_public_is_never_reached_unless_named(host: str) -> None:
    assert not reaches(WITHOUT_POLICY, host)
    assert not reaches(policy("allow *", default="allow"), host)
    assert not reaches(policy("allow 0.0.0.0/0", "allow [::/0]", default="allow"), host)
    assert reaches(policy(f"allow {parse_host(host)}", default="allow"), host)


@pytest.mark.parametrize("rule", ["allow rebound.example", "allow *.example", "allow *"])
def test_a_name_never_opens_a_private_address(rule: str) -> None:
    for private in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"):
        assert not reaches(policy(rule), "rebound.example", at=private)
        assert reaches(policy(rule, f"allow {private}"), "rebound.example", at=private)


def test_a_denied_network_counts_for_names_too() -> None:
    ruled = policy("deny 93.184.0.0/16", default="allow")
    assert not reaches(ruled, "example.com", at="93.184.215.14")
    assert reaches(ruled, "example.com", at="1.1.1.1")


def test_one_of_two_private_addresses_is_named() -> None:
    ruled = policy("allow 10.0.0.0/8", default="allow")
    assert reaches(ruled, "10.1.1.1")
    assert not reaches(ruled, "192.168.0.1")


@given(IPV4)
def test_every_spelling_of_an_address_is_that_address(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = [
        str(address),
        str(number),
        hex(number),
        f"0{number:o}",
        f"{number >> 24}.{number & 0xFFFFFF}",
        f"[::ffff:{address}]",
        f"[64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}]",
        f"{address}.",
    ]
    assert {parse_host(spelling) for spelling in spellings} == {address}


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
def test_what_python_calls_private_is_not_public_here(address: ipaddress.IPv6Address) -> None:
    found = canonical(address)
    if is_public(address):
        assert (found.is_private, found.is_loopback, found.is_link_local) == (False,) * 3


@given(IPV4)
def test_what_python_calls_private_is_not_public_here_either(
    address: ipaddress.IPv4Address,
) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or not address.is_global:
        assert not is_public(address)


@given(NAMES)
def test_case_and_a_last_dot_make_no_difference(name: str) -> None:
    assert parse_host(name.upper() + ".") == parse_host(name) == name


@given(st.text(max_size=60))
def test_any_text_is_a_host_in_one_form_or_refused(text: str) -> None:
    try:
        host = parse_host(text)
    except InvalidHost:
        return
    assert parse_host(str(host)) == host


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        target = parse_target(text)
    except InvalidPolicy:
        return
    assert parse_target(target.key) == target


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "a..b", "-a.example", "a b", "a/b", "1.2.3.4.5", "256.1.1.1", "a.0x1g.9"),
        *("[fe80::1%eth0]", "[1.2.3.4]", "::g", "x" * 64, "a." * 130, "a@b", "09", "%31.1.1.1"),
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidHost):
        parse_host(host)


@pytest.mark.parametrize(
    "target",
    [
        *("", " ", "*.*.example", "a*.example", "*.10.0.0.1", "http://a.example", "a.example/path"),
        *("10.0.0.0/33", "10.0.0.1/8", "a.example:", "a.example:0", "a.example:65536", "a:b"),
        ":80",
    ],
)
def test_what_is_no_target_is_refused(target: str) -> None:
    with pytest.raises(InvalidPolicy):
        parse_target(target)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.example:443", ("a.example", 443)),
        ("[::1]:8080", ("[::1]", 8080)),
        ("a.example", ("a.example", 80)),
        ("[::1]", ("[::1]", 80)),
    ],
)
def test_a_host_and_its_port(text: str, found: tuple[str, int]) -> None:
    assert split_port(text, 80) == found


@pytest.mark.parametrize(
    ("body", "default"),
    [({}, "allow"), ({"egress": []}, "deny"), ({"egress": None}, "allow"), (None, "allow")],
)
def test_what_a_policy_means_that_says_no_default(body: Any, default: str) -> None:
    assert read_policy(body).default == default


@pytest.mark.parametrize(
    "body",
    [
        *([], "deny", 1, {"defaultAction": "maybe"}, {"egress": {}}, {"egress": ["pypi.org"]}),
        {"egress": [{"action": "allow"}]},
        {"egress": [{"action": "drop", "target": "a.example"}]},
        {"egress": [{"action": "allow", "target": "a.example"}] * 4097},
    ],
)
def test_a_policy_that_means_nothing_is_refused(body: Any) -> None:
    with pytest.raises(InvalidPolicy):
        read_policy(body)


def targets(policy: Policy) -> list[str]:
    return [f"{rule.action} {rule.written}" for rule in policy.rules]


def test_new_rules_come_first_and_take_the_place_of_old_ones() -> None:
    old = policy("allow a.example", "allow b.example")
    new = [
        {"action": "deny", "target": "B.example."},
        {"action": "allow", "target": "c.example"},
        {"action": "allow", "target": "b.example"},
    ]
    changed = old.with_rules(read_rules(new))
    assert targets(changed) == ["deny B.example.", "allow c.example", "allow a.example"]
    assert changed.default == "deny"


def test_rules_are_removed_by_target() -> None:
    old = policy("allow a.example", "allow *.b.example", "allow 10.0.0.0/8")
    gone = read_targets(["A.EXAMPLE", "10.0.0.0/8", "unknown.example"])
    assert targets(old.without(gone)) == ["allow *.b.example"]


@pytest.mark.parametrize(
    ("found", "mode"),
    [
        (WITHOUT_POLICY, "allow_all"),
        (policy(), "deny_all"),
        (policy("deny a.example"), "deny_all"),
        (policy("allow a.example"), "enforcing"),
        (policy("deny a.example", default="allow"), "enforcing"),
    ],
)
def test_what_a_policy_comes_to(found: Policy, mode: str) -> None:
    assert found.mode == mode


def test_a_policy_is_shown_as_it_was_written() -> None:
    written: dict[str, Any] = {
        "defaultAction": "deny",
        "egress": [{"action": "allow", "target": "PyPI.org"}],
    }
    assert read_policy(written).to_dict() == written
