"""What may come of a call that meets a fault: the rules by which the matrix judges."""

from __future__ import annotations

import pytest

from opensandbox.exceptions import (
    SandboxApiException,
    SandboxConnectionException,
    SandboxRateLimitException,
    SandboxTimeoutException,
)
from tests.faults.fault import (
    POINTS,
    RETRIES,
    Chance,
    Fault,
    Kind,
    Nature,
    Point,
    Shape,
    all_faults,
    allowed,
    applies,
)

GET, POST = Nature("GET", Shape.MODEL), Nature("POST", Shape.MODEL)
RUN = Nature("POST", Shape.EVENTS)


def test_there_is_every_kind_at_every_point_once_and_always() -> None:
    faults = list(all_faults())
    assert len(faults) == len(set(faults)) == 2 * sum(map(len, POINTS.values()))
    assert {fault.kind for fault in faults} == set(Kind)
    assert {fault.point for fault in faults} == set(Point)


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CUT])
@pytest.mark.parametrize("point", [Point.ANSWER, Point.HEAD])
def test_what_was_sent_goes_again_only_when_it_may(kind: Kind, point: Point) -> None:
    once, always = Fault(kind, point), Fault(kind, point, always=True)
    assert allowed(GET, once).success is Chance.MUST
    assert allowed(GET, always).at_most == 1 + RETRIES
    for fault in (once, always):
        may = allowed(POST, fault)
        assert (may.success, may.at_most) == (Chance.CANNOT, 1)
        assert may.errors == (SandboxConnectionException,)


def test_nothing_was_sent_to_who_refuses() -> None:
    for nature in (GET, POST, RUN):
        assert allowed(nature, Fault(Kind.REFUSE, Point.CONNECT)).success is Chance.MUST
        always = allowed(nature, Fault(Kind.REFUSE, Point.CONNECT, always=True))
        assert (always.success, always.at_most) == (Chance.CANNOT, 0)


def test_a_stall_runs_into_the_limit() -> None:
    for nature in (GET, POST, RUN):
        for point in POINTS[Kind.STALL]:
            assert allowed(nature, Fault(Kind.STALL, point)).errors == (SandboxTimeoutException,)


def test_a_status_is_told_and_three_of_them_pass() -> None:
    for kind, status in ((Kind.S429, 429), (Kind.S502, 502), (Kind.S503, 503)):
        assert allowed(GET, Fault(kind, Point.ANSWER)).success is Chance.MUST
        assert allowed(POST, Fault(kind, Point.ANSWER)).statuses == {status}
    limited = allowed(POST, Fault(Kind.S429, Point.ANSWER))
    assert limited.errors == (SandboxRateLimitException,)
    for kind in (Kind.S499, Kind.S520):
        for nature in (GET, POST):
            assert allowed(nature, Fault(kind, Point.ANSWER)).success is Chance.CANNOT


def test_a_page_is_no_success_of_the_api() -> None:
    for shape in Shape:
        may = allowed(Nature("GET", shape), Fault(Kind.HTML, Point.ANSWER))
        assert may.success is (Chance.MUST if shape is Shape.ANYTHING else Chance.CANNOT)
        assert SandboxApiException in may.errors or shape is Shape.ANYTHING


def test_a_lost_end_is_asked_for_where_somebody_knows_it() -> None:
    fault = Fault(Kind.DROP, Point.EVENTS)
    assert allowed(RUN, fault).success is Chance.MUST
    assert allowed(Nature("POST", Shape.EVENTS_ALONE), fault).success is Chance.CANNOT


def test_events_are_tampered_with_where_there_are_any() -> None:
    fault = Fault(Kind.REPEAT, Point.EVENTS)
    assert applies(RUN, fault)
    assert not applies(GET, fault)
    assert not applies(Nature("GET", Shape.SOCKET), Fault(Kind.EMPTY, Point.ANSWER))


def test_looking_again_is_bounded_by_the_wait() -> None:
    polled = Nature("GET", Shape.NOTHING, polled=True)
    assert allowed(polled, Fault(Kind.S503, Point.ANSWER)).success is Chance.MUST
    assert allowed(polled, Fault(Kind.S503, Point.ANSWER, True)).success is Chance.CANNOT


def test_no_is_an_answer_of_who_asks_for_yes_or_no() -> None:
    asks = Nature("GET", Shape.NOTHING, says_no=True, also=(SandboxApiException,))
    assert allowed(asks, Fault(Kind.S499, Point.ANSWER)).errors == (SandboxApiException,)
