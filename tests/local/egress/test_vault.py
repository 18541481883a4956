"""What a vault holds, which requests its bindings mean, and what is put into them."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox.local.egress import vault as vaults
from opensandbox.local.egress.addresses import parse_host
from opensandbox.local.egress.errors import Refusal
from opensandbox.local.egress.matching import (
    Head,
    body_form,
    dress,
    read_auth,
    read_match,
    replacer,
)
from opensandbox.local.egress.vault import Vault

SECRET = "s3cret&=/ü"
PLAIN = "s3cret"


def credential(name: str, value: str = PLAIN) -> dict[str, Any]:
    return {"name": name, "source": {"type": "inline", "value": value}}


def binding(name: str = "api", **changes: Any) -> dict[str, Any]:
    auth = {"type": "bearer", "credential": "key"}
    return {"name": name, "match": {"hosts": ["api.example"]}, "auth": auth, **changes}


def made(*bindings: dict[str, Any], credentials: list[dict[str, Any]] | None = None) -> Vault:
    entries = credentials or [credential("key")]
    return vaults.create({"credentials": entries, "bindings": list(bindings or [binding()])})


def status(body: Any, vault: Vault | None = None) -> int:
    """The status that a create, or with a vault a change, is refused with."""
    with pytest.raises(Refusal) as refused:
        vaults.create(body) if vault is None else vaults.change(vault, body)
    assert PLAIN not in refused.value.message
    return refused.value.status


def test_a_vault_begins_at_revision_one_and_shows_no_value() -> None:
    vault = made()
    shown = vault.shown()
    assert shown == {
        "revision": 1,
        "credentials": [{"name": "key", "sourceType": "inline", "revision": 1}],
        "bindings": [
            {
                "name": "api",
                "revision": 1,
                "match": {
                    "hosts": ["api.example"],
                    "schemes": ["https"],
                    "ports": [443],
                    "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
                    "paths": ["/*"],
                },
                "auth": {"type": "bearer"},
            }
        ],
    }
    assert PLAIN not in repr(vault)


def test_a_vault_is_kept_as_json() -> None:
    vault = made()
    assert Vault.from_json(json.loads(json.dumps(vault.to_json()))) == vault


def test_a_change_counts_revisions_of_the_whole_and_of_what_changed() -> None:
    vault = made()
    changed = vaults.change(
        vault,
        {
            "expectedRevision": 1,
            "credentials": {"add": [credential("other")], "replace": [credential("key", "new")]},
            "bindings": {"add": [binding("second")]},
        },
    )
    assert changed.revision == 2
    assert {c.name: c.revision for c in changed.credentials.values()} == {"key": 2, "other": 2}
    assert {b.name: b.revision for b in changed.bindings.values()} == {"api": 1, "second": 2}
    assert changed.values()["key"] == "new"
    assert vault.values() == {"key": PLAIN}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"expectedRevision": 2}, 412),
        ({"expectedRevision": "1"}, 400),
        ({"credentials": {"add": [credential("key")]}}, 409),
        ({"credentials": {"replace": [credential("gone")]}}, 404),
        ({"credentials": {"delete": ["gone"]}}, 404),
        ({"credentials": {"delete": ["key"]}}, 409),
        ({"credentials": {"add": [credential("a"), credential("a")]}}, 400),
        ({"credentials": {"delete": ["key"], "replace": [credential("key")]}}, 400),
        ({"bindings": {"add": [binding()]}}, 409),
        ({"bindings": {"replace": [binding("gone")]}}, 404),
        ({"bindings": {"delete": ["gone"]}}, 404),
        ({"bindings": {"add": [binding("b", auth={"type": "bearer", "credential": "no"})]}}, 400),
        ([], 400),
        ({"credentials": []}, 400),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(change: Any, expected: int) -> None:
    assert status(change, made()) == expected


def test_a_credential_and_its_binding_go_together() -> None:
    both = {"credentials": {"delete": ["key"]}, "bindings": {"delete": ["api"]}}
    changed = vaults.change(made(), both)
    assert (changed.revision, changed.credentials, changed.bindings) == (2, {}, {})


@pytest.mark.parametrize(
    "body",
    [
        *(None, [], {}, {"credentials": []}, {"credentials": [{}], "bindings": []}),
        {"credentials": [credential("a", "")], "bindings": []},
        {"credentials": [{"name": "a", "source": {"type": "file", "value": "x"}}], "bindings": []},
        {"credentials": [credential("a"), credential("a")], "bindings": []},
        {"credentials": [credential(" ")], "bindings": []},
        {"credentials": [credential("key", f"{PLAIN}\r\nX: y")], "bindings": [binding()]},
        {
            "credentials": [credential("key")],  # No colon in it.
            "bindings": [binding(auth={"type": "basic", "credential": "key"})],
        },
    ],
)
def test_a_vault_that_means_nothing_is_refused(body: Any) -> None:
    assert status(body) == 400


@pytest.mark.parametrize(
    "match",
    [
        *({}, {"hosts": []}, {"hosts": ["a b"]}, {"hosts": ["*.1.2.3.4"]}, {"hosts": "a.example"}),
        *({"hosts": ["a.example"], "ports": [8443]}, {"hosts": ["a.example"], "schemes": ["ftp"]}),
        *({"hosts": ["a.example"], "paths": ["x"]}, {"hosts": ["a.example"], "methods": [1]}),
    ],
)
def test_a_match_that_means_nothing_is_refused(match: Any) -> None:
    body = {"credentials": [credential("key")], "bindings": [binding(match=match)]}
    assert status(body) == 400


@pytest.mark.parametrize(
    "auth",
    [
        *({}, {"type": "magic"}, {"type": "bearer"}, {"type": "apiKey", "credential": "key"}),
        {"type": "apiKey", "credential": "key", "name": "Host"},
        {"type": "apiKey", "credential": "key", "name": "a b"},
        {"type": "customHeaders", "headers": []},
        {"type": "customHeaders", "headers": [{"name": "X", "credential": "key"}] * 2},
        {
            "type": "passthrough",
            "substitutions": [{"credential": "key", "placeholder": "", "in": []}],
        },
        {
            "type": "passthrough",
            "substitutions": [{"credential": "key", "placeholder": "X", "in": ["cookie"]}],
        },
    ],
)
def test_an_auth_that_means_nothing_is_refused(auth: Any) -> None:
    body = {"credentials": [credential("key")], "bindings": [binding(auth=auth)]}
    assert status(body) == 400


@pytest.mark.parametrize(
    ("match", "request_", "fits"),
    [
        ({}, ("https", "api.example", 443, "GET", "/x"), True),
        ({}, ("http", "api.example", 80, "GET", "/x"), False),
        ({}, ("https", "api.example", 8443, "GET", "/x"), False),
        ({}, ("https", "www.api.example", 443, "GET", "/x"), False),
        ({}, ("https", "api.example", 443, "TRACE", "/x"), False),
        ({"methods": ["get"]}, ("https", "api.example", 443, "GET", "/x"), True),
        ({"methods": ["GET"]}, ("https", "api.example", 443, "POST", "/x"), False),
        ({"schemes": ["http"]}, ("http", "api.example", 80, "GET", "/x"), True),
        ({"hosts": ["*.example"]}, ("https", "api.example", 443, "GET", "/x"), True),
        ({"hosts": ["*.example"]}, ("https", "a.api.example", 443, "GET", "/x"), False),
        ({"hosts": ["*.example"]}, ("https", "example", 443, "GET", "/x"), False),
        ({"paths": ["/v1/*"]}, ("https", "api.example", 443, "GET", "/v1/a/b"), True),
        ({"paths": ["/v1/*"]}, ("https", "api.example", 443, "GET", "/v2/a"), False),
        ({"paths": ["/v1/*/x"]}, ("https", "api.example", 443, "GET", "/v1/a/x"), True),
        ({"paths": ["/v1"]}, ("https", "api.example", 443, "GET", "/v1x"), False),
    ],
)
def test_a_request_is_meant_when_all_of_the_match_fits(
    match: dict[str, Any], request_: tuple[str, str, int, str, str], fits: bool
) -> None:
    scheme, host, port, method, path = request_
    found = read_match({"hosts": ["api.example"], **match})
    assert found.fits(scheme, parse_host(host), port, method, path) is fits


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/../admin", "/v1/%2e%2e/admin", "/v1/.%2E/admin", "/v1/..", "/v1/..;/admin"),
        *("/v1/a%2fb", "/v1/a%5Cb", "/v1/a\\b", "/v1//admin", "/v1/a%00"),
    ],
)
def test_a_path_that_may_be_read_as_another_one_is_not_meant(path: str) -> None:
    assert not read_match({"hosts": ["a"], "paths": ["/v1/*"]}).fits("https", "a", 443, "GET", path)
    assert read_match({"hosts": ["a"]}).fits("https", "a", 443, "GET", path)


def dressed(
    auth: dict[str, Any], value: str, target: str = "/", **headers: str
) -> tuple[str, dict[str, str]]:
    """What goes out for a request."""
    given = tuple((name.encode(), text.encode()) for name, text in headers.items())
    head = dress(read_auth(auth), {"key": value}, Head(target=target, headers=given))
    assert value not in repr(head)
    return head.target, {name.decode(): text.decode() for name, text in head.headers}


@pytest.mark.parametrize(
    ("auth", "name", "text"),
    [
        ({"type": "bearer", "credential": "key"}, "Authorization", "Bearer a:b"),
        (
            {"type": "basic", "credential": "key"},
            "Authorization",
            "Basic " + base64.b64encode(b"a:b").decode(),
        ),
        ({"type": "apiKey", "name": "X-Key", "credential": "key"}, "X-Key", "a:b"),
        (
            {"type": "customHeaders", "headers": [{"name": "X-Key", "credential": "key"}]},
            "X-Key",
            "a:b",
        ),
    ],
)
def test_a_header_is_set_and_takes_the_place_of_the_programs_own(
    auth: dict[str, Any], name: str, text: str
) -> None:
    _, headers = dressed(auth, "a:b", Other="o", **{name.lower(): "mine"})
    assert headers == {"Other": "o", name: text}


def passthrough(*places: str, placeholder: str = "{{K}}") -> dict[str, Any]:
    substitution = {"credential": "key", "placeholder": placeholder, "in": list(places)}
    return {"type": "passthrough", "substitutions": [substitution]}


def test_placeholders_in_an_address_are_found_encoded_or_not_and_values_are_encoded() -> None:
    target, _ = dressed(
        passthrough("path", "query"), SECRET, "/a/{{K}}/%7b%7BK%7D%7d?k={{K}}&l=%7B%7BK%7D%7D"
    )
    coded = "s3cret%26%3D%2F%C3%BC"
    assert target == f"/a/{coded}/{coded}?k={coded}&l={coded}"


def test_placeholders_are_replaced_only_where_they_are_bound() -> None:
    target, headers = dressed(passthrough("header"), PLAIN, "/{{K}}?{{K}}", X="a {{K}}")
    assert (target, headers) == ("/{{K}}?{{K}}", {"X": f"a {PLAIN}"})


def test_headers_that_frame_the_message_are_left_alone() -> None:
    _, headers = dressed(passthrough("header", placeholder="1"), PLAIN, **{"Content-Length": "11"})
    assert headers == {"Content-Length": "11"}


@pytest.mark.parametrize(
    ("form", "body", "expected"),
    [
        ("json", '{"a": "{{K}}"}', '{"a": "q\\"\\\\u"}'),
        ("form", "a=%7B%7BK%7D%7D&b={{K}}", "a=q%22%5Cu&b=q%22%5Cu"),
        ("text", "a {{K}}", 'a q"\\u'),
    ],
)
def test_a_value_in_a_body_is_written_as_the_body_is(form: str, body: str, expected: str) -> None:
    found = replacer(read_auth(passthrough("body")), {"key": 'q"\\u'}, "body", form)
    assert found.data(body.encode()).decode() == expected


def test_what_was_put_in_is_not_looked_through_again() -> None:
    substitutions = [
        {"credential": "key", "placeholder": "AA", "in": ["header"]},
        {"credential": "other", "placeholder": "A", "in": ["header"]},
    ]
    auth = read_auth({"type": "passthrough", "substitutions": substitutions})
    assert replacer(auth, {"key": "A-A", "other": "AA"}, "header").data(b"AA A") == b"A-A AA"


@given(st.binary(max_size=200))
def test_bytes_without_a_placeholder_stay_as_they_are(body: bytes) -> None:
    found = replacer(read_auth(passthrough("body", placeholder="{{KEY}}")), {"key": "x"}, "body")
    assert found.data(body) == body.replace(b"{{KEY}}", b"x")


@pytest.mark.parametrize(
    ("content_type", "encoding", "form"),
    [
        ("application/json; charset=utf-8", "", "json"),
        ("application/vnd.api+json", "identity", "json"),
        ("application/x-www-form-urlencoded", "", "form"),
        ("text/plain", "", "text"),
        ("", "", "text"),
        ("multipart/form-data; boundary=x", "", None),
        ("application/json", "gzip", None),
    ],
)
def test_which_bodies_are_looked_through(
    content_type: str, encoding: str, form: str | None
) -> None:
    assert body_form(content_type, encoding) == form


def test_the_first_binding_that_fits_counts() -> None:
    narrow = binding("narrow", match={"hosts": ["api.example"], "paths": ["/v1/*"]})
    vault = made(copy.deepcopy(narrow), binding("wide"))
    for path, expected in (("/v1/x", "narrow"), ("/v2/x", "wide")):
        found = vault.find("https", "api.example", 443, "GET", path)
        assert found is not None
        assert found.name == expected
    assert vault.find("https", "other.example", 443, "GET", "/") is None
    assert vault.covers("api.example", 443)
    assert not vault.covers("api.example", 80)
