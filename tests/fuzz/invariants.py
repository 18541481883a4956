"""What must hold for the decoder of event streams and the fold of its events, whatever the bytes.

Rules:

* The first bytes of an input say how it is cut and what limits there are; the rest is the stream.
* A broken rule is an AssertionError that says which. Nothing else may be raised, either.
* Time is told by ratios of processor time, with much room: quadratic work misses it by far.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from opensandbox._wire.events import ExecutionFold
from opensandbox._wire.sse import Frame, FrameDecoder, MalformedStream

#: How many bytes of an input are no part of the stream.
HEAD = 8
#: Streams up to this length are also fed one byte at a time.
_SHORT = 300
#: Pieces of how many bytes, and how many of them at first and then.
_PIECE, _FEW, _MANY = 64, 2_000, 16_000
#: So many times as much may take so many times as long: 8 when linear, 64 when quadratic.
_MOST_TIMES = 30
#: Below so many seconds the clock says nothing.
_TOO_SHORT = 0.002


@dataclass
class Outcome:
    """What came of a stream."""

    frames: list[Frame] = field(default_factory=list)
    fault: tuple[str, str] | None = None
    unfinished: bool = False


def decoded(chunks: Iterator[bytes], *, max_frame: int | None = None) -> Outcome:
    """What the decoder makes of a stream; it keeps no more than it may on the way."""
    decoder = FrameDecoder() if max_frame is None else FrameDecoder(max_frame=max_frame)
    outcome = Outcome()
    try:
        for chunk in chunks:
            outcome.frames += decoder.feed(chunk)
            kept = sum(map(len, decoder._partial)) + sum(map(len, decoder._data))
            assert kept == decoder._kept, f"{kept} bytes are kept, {decoder._kept} are counted"
            assert max_frame is None or kept <= max_frame, f"{kept} of {max_frame} bytes are kept"
        outcome.frames += decoder.close()
        outcome.unfinished = decoder.unfinished
    except MalformedStream as fault:
        outcome.fault = (fault.problem, fault.data)
    assert outcome.fault is None or len(outcome.fault[1]) <= 201, "an error holds the whole line"
    assert all(isinstance(frame, dict) for frame in outcome.frames), "a frame is no object"
    return outcome


def pieces(stream: bytes, sizes: bytes) -> Iterator[bytes]:
    """The stream in pieces of these sizes, over and over; 0 is an empty piece."""
    at, turn = 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)] if any(sizes) else len(stream)
        yield stream[at : at + size]
        at, turn = at + size, turn + 1


def check(data: bytes) -> None:
    """Check everything that can be said of one input."""
    head, stream = data[:HEAD].ljust(HEAD, b"\0"), data[HEAD:]
    whole = decoded(iter([stream]))
    assert decoded(pieces(stream, head[:4])) == whole, "it depends on where the stream is cut"
    if len(stream) <= _SHORT:
        single = (stream[at : at + 1] for at in range(len(stream)))
        assert decoded(single) == whole, "it depends on coming byte by byte"
    limited = decoded(pieces(stream, head[:4]), max_frame=1 + head[4])
    count = len(limited.frames)
    assert limited.frames == whole.frames[:count], "a limit changes frames"
    assert limited.fault is not None or limited == whole, "a limit loses frames"
    for code in (False, True):
        check_fold(whole.frames, code=code, most=head[5] + 1)


def check_fold(frames: list[Frame], *, code: bool, most: int) -> None:
    """The same comes of frames however they are grouped; a limit keeps the end of the output."""
    together, single = ExecutionFold(code=code), ExecutionFold(code=code)
    limited = ExecutionFold(code=code, max_output=most)
    together.exact = single.exact = limited.exact = True
    events = together.take(frames)
    alone = []
    for frame in frames:
        if single.ended and not code:
            break
        alone += single.take([frame])
    limited.take(frames)
    assert events == alone, "events depend on how frames are grouped"
    execution, short = together.execution(), limited.execution()
    assert execution == single.execution(), "an execution depends on how frames are grouped"
    assert together.ended == (execution.error is not None or execution.complete is not None)
    assert execution.exit_code is None or (together.ended and not code), "an exit code of nothing"
    for all_of_it, end, dropped in (
        (execution.stdout, short.stdout, short.logs.stdout_dropped),
        (execution.stderr, short.stderr, short.logs.stderr_dropped),
    ):
        assert end == all_of_it[-most:], "a limit keeps something else than the end"
        assert dropped == len(all_of_it) - len(end), "what is dropped is miscounted"


def check_time(fragment: bytes) -> None:
    """Eight times as many pieces, of one line or of many, take not much more than that longer."""
    piece = (fragment * _PIECE)[:_PIECE] or b"x" * _PIECE
    unbroken = piece.translate(None, b"\r\n") or b"x"
    # Opened by a quote, so that what is fed is no frame before its end.
    for start, part in ((b'{"a":"', unbroken), (b"", b": " + unbroken + b"\n"), (b"data: ", piece)):
        little = _seconds(start, part, _FEW)
        much = _seconds(start, part, _MANY)
        assert much < max(little, _TOO_SHORT) * _MOST_TIMES, (
            f"{_MANY} pieces took {much:.3f} s, {_FEW} took {little:.3f} s"
        )


def _seconds(start: bytes, part: bytes, count: int) -> float:
    """The least processor time of three that so many pieces take."""
    took = []
    for _ in range(3):
        decoder = FrameDecoder()
        began = time.process_time()
        try:
            decoder.feed(start)
            for _ in range(count):
                decoder.feed(part)
        except MalformedStream:
            return 0.0  # no stream at all
        took.append(time.process_time() - began)
    return min(took)
