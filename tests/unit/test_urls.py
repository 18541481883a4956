from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire.urls import (
    endpoint_url,
    metadata_query,
    path_segment,
    protocol_and_host,
    server_url,
)
from opensandbox.exceptions import InvalidArgumentException


@pytest.mark.parametrize(
    ("domain", "protocol", "url"),
    [
        ("localhost:8080", "http", "http://localhost:8080/v1"),
        ("localhost:8080", "https", "https://localhost:8080/v1"),
        ("https://host", "http", "https://host/v1"),
        ("HTTP://host/", "https", "http://host/v1"),
        ("host/opensandbox/", "https", "https://host/opensandbox/v1"),
        (" host ", "http", "http://host/v1"),
        ("[::1]:8080", "http", "http://[::1]:8080/v1"),
        ("http://host/v1", "http", "http://host/v1"),
        ("host:8080/opensandbox/v1/", "https", "https://host:8080/opensandbox/v1"),
        ("v1", "http", "http://v1/v1"),
    ],
)
def test_the_server(domain: str, protocol: str, url: str) -> None:
    assert server_url(domain, protocol) == url


@pytest.mark.parametrize(
    "domain",
    [
        *("", "  ", "http://", "ftp://host", "host?x=1", "host#x", "user:key@host", "a b"),
        *("host:port", "host:99999", "host:0", "host:", ":80", "ho\nst", "https://https://host"),
        *("ho\\st", "[::1"),
    ],
)
def test_what_is_no_address_is_refused(domain: str) -> None:
    with pytest.raises(InvalidArgumentException):
        server_url(domain)


def test_a_refused_domain_does_not_show_a_password() -> None:
    with pytest.raises(InvalidArgumentException) as problem:
        server_url("me:hunter2@host")
    assert "hunter2" not in str(problem.value)


def test_an_endpoint_takes_the_servers_protocol_and_keeps_its_path() -> None:
    protocol, _ = protocol_and_host("https://host", "http")
    assert endpoint_url("1.2.3.4:5/proxy/44772/", protocol) == "https://1.2.3.4:5/proxy/44772"
    assert endpoint_url("http://1.2.3.4:5", protocol) == "http://1.2.3.4:5"


@pytest.mark.parametrize("value", ["", "  ", ".", "..", "a\nb", "a\x00", "\x7f"])
def test_what_cannot_be_one_segment_is_refused(value: str) -> None:
    with pytest.raises(InvalidArgumentException, match="sandbox_id"):
        path_segment(value, "sandbox_id")


@pytest.mark.parametrize("value", ["a", "a/b", "a?b", "...", "ü", "a b"])
def test_what_can_be_encoded_is_left_to_the_encoding(value: str) -> None:
    assert path_segment(value, "sandbox_id") == value


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidArgumentException, match="sandbox_id must be a string, got NoneType"):
        path_segment(None, "sandbox_id")  # type: ignore[arg-type]


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"])),
        min_size=1,
    )
)
def test_metadata_comes_out_as_it_went_in(metadata: dict[str, str]) -> None:
    assert dict(parse_qsl(metadata_query(metadata), keep_blank_values=True)) == metadata


def test_metadata_is_one_value_of_one_query() -> None:
    assert metadata_query({"team": "a&b=c", "x y": "ü"}) == "team=a%26b%3Dc&x%20y=%C3%BC"
    assert parse_qs(metadata_query({"team": "wire"})) == {"team": ["wire"]}
