from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire.sse import Frame, FrameDecoder, MalformedStream


def read(*chunks: bytes) -> list[Frame]:
    decoder = FrameDecoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    frames += decoder.close()
    assert not decoder.unfinished
    return frames


def test_bare_objects_with_blank_lines_between() -> None:
    assert read(b'{"a":1}\n\n{"b":2}\n\n') == [{"a": 1}, {"b": 2}]


def test_one_object_on_a_line() -> None:
    assert read(b'{"a":1}\n{"b":2}\n') == [{"a": 1}, {"b": 2}]


def test_server_sent_events() -> None:
    stream = (
        b": a comment\n\nevent: stdout\nid: 7\nretry: 100\n"
        b'data: {"a":1}\n\ndata:{"b":2}\n\ndata\n\nevent\n\n'
    )
    assert read(stream) == [{"a": 1}, {"b": 2}]


def test_data_of_several_lines_is_one_frame() -> None:
    assert read(b'data: {"a":\ndata: [1,\ndata: 2]}\n\n') == [{"a": [1, 2]}]


def test_fields_that_may_come_to_exist_are_passed_over() -> None:
    assert read(b'priority: high\ndata: {"a":1}\n\n') == [{"a": 1}]


def test_the_last_frame_needs_no_line_ending() -> None:
    assert read(b'{"a":1}\n\n{"b":2}') == [{"a": 1}, {"b": 2}]
    assert read(b'data: {"a":1}\n\ndata: {"b":\ndata: 2}') == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_at_cr_lf_and_crlf(end: bytes) -> None:
    stream = end.join([b'data: {"a":', b"data: 1}", b"", b'{"b":2}', b"", b""])
    assert read(stream) == [{"a": 1}, {"b": 2}]
    assert read(*(bytes([byte]) for byte in stream)) == [{"a": 1}, {"b": 2}]


def test_nothing_else_ends_a_line() -> None:
    text = "a\u0085b\u2028c\u2029d\x0be\x0cf\x1cg"
    line = json.dumps({"text": text}, ensure_ascii=False).replace("\\u000b", "\\u000b").encode()
    assert read(line + b"\n\n") == [{"text": text}]


def test_a_byte_order_mark_is_no_part_of_the_first_frame() -> None:
    assert read(b'\xef\xbb\xbf{"a":1}\n') == [{"a": 1}]


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert read(b'{"a":"x\xffy"}\n') == [{"a": "x\ufffdy"}]


def test_white_space_around_a_frame_means_nothing() -> None:
    assert read(b'  {"a":1}  \n \t \n{"b":2} \n') == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    "line",
    [
        b"{nope}",
        b'{"a":1} {"b":2}',
        b"{",
        b"[1]",
        b"null",
        b'"text"',
        b"data: [1]",
        b"data: [DONE]",
        b"<html><body>502</body></html>",
        b"upstream gone",
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_what_is_no_frame_is_an_error(line: bytes) -> None:
    with pytest.raises(MalformedStream):
        FrameDecoder().feed(line + b"\n\n")


def test_frames_before_a_malformed_line_are_handed_out_first() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(b'{"a":1}\n<html>\n{"b":2}\n') == [{"a": 1}]
    with pytest.raises(MalformedStream, match="<html>"):
        decoder.feed(b'{"c":3}\n')
    with pytest.raises(MalformedStream, match="<html>"):
        decoder.close()


def test_a_frame_printed_over_several_lines_is_an_error_not_silence() -> None:
    with pytest.raises(MalformedStream):
        read(json.dumps({"a": 1}, indent=2).encode() + b"\n")


@pytest.mark.parametrize("stream", [b'{"a":1}\n{"b"', b'data: {"a":1}\n\ndata: {"b"', b"<html"])
def test_half_a_frame_at_the_end_is_left_unfinished(stream: bytes) -> None:
    decoder = FrameDecoder()
    frames = decoder.feed(stream)
    assert frames == ([] if stream == b"<html" else [{"a": 1}])
    assert decoder.close() == []
    assert decoder.unfinished


def test_a_frame_has_a_limit() -> None:
    decoder = FrameDecoder(max_frame=100)
    assert decoder.feed(b'{"a":"' + b"x" * 90) == []
    with pytest.raises(MalformedStream, match="longer than 100 bytes"):
        decoder.feed(b"x" * 10)


@pytest.mark.parametrize("long", [b'{"b":"' + b"x" * 100, b"data: " + b"x" * 101 + b"\n"])
def test_frames_before_one_that_is_too_long_are_handed_out_first(long: bytes) -> None:
    decoder = FrameDecoder(max_frame=100)
    assert decoder.feed(b'{"a":1}\n' + long) == [{"a": 1}]
    assert (decoder._partial, decoder._data) == ([], [])
    with pytest.raises(MalformedStream, match="longer than 100 bytes"):
        decoder.feed(b"\n")


def test_the_limit_counts_data_fields_together() -> None:
    decoder = FrameDecoder(max_frame=100)
    assert decoder.feed(b"data: 0123456789\n" * 10) == []
    with pytest.raises(MalformedStream, match="longer than 100 bytes"):
        decoder.feed(b"data: 0123456789\n")


def test_the_limit_is_one_frames_not_the_streams() -> None:
    decoder = FrameDecoder(max_frame=100)
    for _ in range(100):
        assert decoder.feed(b'data: {"a":') == []
        assert decoder.feed(b'"0123456789"}\n\n{"b"') == [{"a": "0123456789"}]
        assert decoder.feed(b":1}\n") == [{"b": 1}]


def test_a_piece_of_a_long_line_costs_that_piece_and_not_the_line() -> None:
    """What was copied again with each piece would show as memory in use twice."""
    decoder = FrameDecoder()
    decoder.feed(b'{"a":"')
    tracemalloc.start()
    try:
        for _ in range(256):
            piece = b"x" * 4096
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            assert decoder.feed(piece) == []
            assert tracemalloc.get_traced_memory()[1] - before < 4 * 4096
    finally:
        tracemalloc.stop()
    assert decoder.feed(b'"}\n') == [{"a": "x" * 2**20}]


def test_an_empty_chunk_changes_nothing() -> None:
    assert read(b'data: {"a":1}\r', b"", b"\n", b'data: \r\n\r\n{"b":2}\n') == [{"a": 1}, {"b": 2}]


def test_only_a_cr_at_the_very_end_waits_for_its_lf() -> None:
    assert read(b'data: {"a":1}\r\r{"b":2}', b'\n{"c":3}\n') == [{"a": 1}, {"b": 2}, {"c": 3}]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.dictionaries(TEXT, TEXT | st.integers() | st.none(), max_size=3)
FORMS = ["{}\n", "{}\n\n", "data: {}\n\n", "data:{}\r\n\r\n", "{}\r\n", "event: x\rdata: {}\r\r"]


@given(st.lists(st.tuples(VALUES, st.sampled_from(FORMS))), st.data())
def test_every_form_and_every_cut_gives_the_same(
    values: list[tuple[Frame, str]], data: st.DataObject
) -> None:
    stream = b"".join(
        form.replace("{}", json.dumps(value, ensure_ascii=False)).encode() for value, form in values
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert read(*chunks) == [value for value, _ in values]
