"""What can go wrong between a client and a runtime, as data; and what may come of it.

Rules:

* A fault is a kind, a point and how often it strikes. What makes it happen is in `proxy`.
* `allowed` is pure: from what a call is and the fault that strikes it, to what may come of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import product

from attrs import evolve, field, frozen

from opensandbox.exceptions import (
    SandboxApiException,
    SandboxConnectionException,
    SandboxException,
    SandboxRateLimitException,
    SandboxReadyTimeoutException,
    SandboxTimeoutException,
)


class Kind(StrEnum):
    """What goes wrong."""

    REFUSE = "refuses"
    RESET = "resets"
    STALL = "stalls"
    TRICKLE = "trickles"
    CUT = "cuts"
    CLOSE_IDLE = "closes idle"
    S429 = "429"
    S502 = "502"
    S503 = "503"
    S499 = "499"
    S520 = "520"
    HTML = "HTML"
    EMPTY = "empty"
    WRONG = "wrong JSON"
    DELAY = "delays"
    DROP = "drops events"
    REPEAT = "repeats events"


class Point(StrEnum):
    """Where it goes wrong: what has been done by then is done."""

    CONNECT = "connect"  #: before a request was read
    ANSWER = "before headers"  #: the server has done its work, and nothing has come back
    HEAD = "within headers"
    BODY = "within body"  #: of an event stream or a WebSocket: once something has come
    EVENTS = "in the event stream"


#: Which fault there is at which points.
POINTS: dict[Kind, tuple[Point, ...]] = {
    Kind.REFUSE: (Point.CONNECT,),
    Kind.RESET: (Point.CONNECT, Point.ANSWER, Point.HEAD, Point.BODY),
    Kind.STALL: (Point.CONNECT, Point.ANSWER, Point.HEAD, Point.BODY),
    Kind.TRICKLE: (Point.HEAD, Point.BODY),
    Kind.CUT: (Point.ANSWER, Point.HEAD, Point.BODY),
    Kind.CLOSE_IDLE: (Point.CONNECT,),
    Kind.S429: (Point.ANSWER,),
    Kind.S502: (Point.ANSWER,),
    Kind.S503: (Point.ANSWER,),
    Kind.S499: (Point.ANSWER,),
    Kind.S520: (Point.ANSWER,),
    Kind.HTML: (Point.ANSWER,),
    Kind.EMPTY: (Point.ANSWER,),
    Kind.WRONG: (Point.ANSWER,),
    Kind.DELAY: (Point.ANSWER, Point.BODY, Point.EVENTS),
    Kind.DROP: (Point.EVENTS,),
    Kind.REPEAT: (Point.EVENTS,),
}
#: What the proxy answers by itself, so that the server never hears of the request.
STATUSES = {Kind.S429: 429, Kind.S502: 502, Kind.S503: 503, Kind.S499: 499, Kind.S520: 520}
_TRANSIENT = (Kind.S429, Kind.S502, Kind.S503)
_HARMLESS = (Kind.TRICKLE, Kind.CLOSE_IDLE, Kind.DELAY, Kind.REPEAT)
_BROKEN = (Kind.RESET, Kind.CUT)


@frozen
class Fault:
    """One fault: what, where, and whether it strikes once or every time."""

    kind: Kind
    point: Point
    always: bool = False

    def __str__(self) -> str:
        often = "always" if self.always else "once"
        return f"{self.kind} {self.point} {often}"

    @property
    def status(self) -> int | None:
        """The status that is answered in place of the server's answer; None for none."""
        return 200 if self.kind is Kind.HTML else STATUSES.get(self.kind)

    @property
    def loses_answer(self) -> bool:
        """Whether the server may have done what was asked, and the client cannot know."""
        return self.kind in (Kind.STALL, Kind.EMPTY, Kind.WRONG, *_BROKEN)


def all_faults() -> Iterator[Fault]:
    """Every fault at every point it can strike at, once and always."""
    for kind, points in POINTS.items():
        for point, always in product(points, (False, True)):
            yield Fault(kind, point, always)


class Shape(StrEnum):
    """What a call needs of its answer, which decides what a fault of it can do."""

    MODEL = "a model"
    NOTHING = "nothing but a success"
    TEXT = "any text"
    ANYTHING = "whatever a place that is no API gives"
    BYTES = "bytes"
    EVENTS = "events of a command, whose status can be asked"
    EVENTS_ALONE = "events whose end nobody else knows"
    WATCH = "events without end"
    SOCKET = "a WebSocket"


@frozen
class Nature:
    """What decides which outcomes of a call are right."""

    method: str
    shape: Shape
    #: The request is looked at again by whoever waits for a state, at his own pace.
    polled: bool = False
    #: The errors of the service mean no: the call gives False.
    says_no: bool = False
    #: Its body goes in pieces that come but once.
    one_way: bool = False
    #: Every part of its answer may be absent, by the API.
    lenient: bool = False
    #: What fails here is a note or a log line: what matters was done before.
    aside: bool = False
    #: More exceptions that this call documents.
    also: tuple[type[SandboxException], ...] = ()

    @property
    def repeatable(self) -> bool:
        """Whether the client may send the request again after it was sent."""
        return self.method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS") and not (
            self.one_way or self.shape is Shape.SOCKET
        )

    @property
    def streams(self) -> bool:
        """Whether its answer is a stream of events."""
        return self.shape in (Shape.EVENTS, Shape.EVENTS_ALONE, Shape.WATCH)


class Chance(StrEnum):
    """Whether a call may succeed."""

    MUST = "must succeed"
    MAY = "may succeed"
    CANNOT = "cannot succeed"


@frozen
class Allowed:
    """What may come of a call."""

    success: Chance
    errors: tuple[type[SandboxException], ...] = ()
    #: The statuses that such an error may have; None: it has to have none.
    statuses: frozenset[int | None] = field(default=frozenset([None]))
    #: How often the server may have been asked to do it, at most.
    at_most: int = 1


#: What such a call takes for a success whatever the body.
_ANY_BODY = (Shape.NOTHING, Shape.BYTES, Shape.TEXT, Shape.ANYTHING)

#: How often a request is tried again in these tests.
RETRIES = 2

_API = (SandboxApiException,)
LOST = (SandboxConnectionException, SandboxTimeoutException)


def applies(nature: Nature, fault: Fault) -> bool:
    """Whether the fault can strike such a call at all."""
    if fault.point is Point.EVENTS:
        return nature.streams
    if nature.shape is Shape.SOCKET:
        return fault.kind not in (Kind.EMPTY, Kind.WRONG, Kind.REPEAT, Kind.DROP)
    return True


def allowed(nature: Nature, fault: Fault) -> Allowed:
    """What may come of such a call when this fault strikes it."""
    single = _of_one_request(nature, fault)
    if nature.says_no and single.errors:
        return evolve(single, errors=nature.also, statuses=_ANY_STATUS)
    if nature.aside:
        return Allowed(Chance.MAY, (*single.errors, *nature.also), _ANY_STATUS, RETRIES + 1)
    if nature.polled:
        return _of_polling(nature, fault, single)
    if nature.also and single.errors:
        statuses = single.statuses | {None}
        return evolve(single, errors=(*single.errors, *nature.also), statuses=statuses)
    return single


_ANY_STATUS = frozenset([None, 200, 404, *STATUSES.values()])


def _of_polling(nature: Nature, fault: Fault, single: Allowed) -> Allowed:
    """Looking again is the repetition, until time is up."""
    errors = (*single.errors, *LOST, *nature.also, SandboxReadyTimeoutException)
    if single.success is Chance.MUST:
        return evolve(single, at_most=100)
    begun = fault.kind in _BROKEN and fault.point is Point.BODY
    if fault.kind in (*_TRANSIENT, *_BROKEN, Kind.REFUSE) and not (fault.always or begun):
        return Allowed(Chance.MUST, at_most=100)
    chance = single.success if fault.always else Chance.MAY
    return Allowed(chance, errors, _ANY_STATUS, at_most=100)


def _of_one_request(nature: Nature, fault: Fault) -> Allowed:
    kind, again = fault.kind, nature.repeatable and not fault.always
    most = RETRIES + 1 if nature.repeatable else 1
    if kind in _HARMLESS:
        return Allowed(Chance.MUST, at_most=1)
    if kind is Kind.REFUSE:
        # Nothing was sent, so any request goes again.
        if not fault.always:
            return Allowed(Chance.MUST)
        return Allowed(Chance.CANNOT, (SandboxConnectionException,), at_most=0)
    if kind in STATUSES:
        if kind in _TRANSIENT and again:
            return Allowed(Chance.MUST)
        error = SandboxRateLimitException if kind is Kind.S429 else SandboxApiException
        return Allowed(Chance.CANNOT, (error,), frozenset([STATUSES[kind]]), at_most=0)
    if kind is Kind.HTML and nature.shape is Shape.ANYTHING:
        return Allowed(Chance.MUST, at_most=0)
    if kind is Kind.HTML:
        return Allowed(Chance.CANNOT, _API, frozenset([200, None]), at_most=0)
    if kind in (Kind.EMPTY, Kind.WRONG, Kind.DROP):
        return _of_a_poor_answer(nature, fault)
    return _of_a_broken_one(nature, fault, again, most)


def _of_a_poor_answer(nature: Nature, fault: Fault) -> Allowed:
    """The server has done it, and the answer does not say what it should."""
    if fault.kind is Kind.DROP:
        if nature.shape is Shape.EVENTS_ALONE:
            return Allowed(Chance.CANNOT, (SandboxConnectionException,))
        return Allowed(Chance.MUST)
    if nature.lenient or nature.shape in _ANY_BODY:
        # What is not needed is not missed; bytes are taken as they come.
        return Allowed(Chance.MAY, _API, frozenset(range(200, 207)))
    if nature.streams:
        return Allowed(Chance.CANNOT, (*_API, *LOST), frozenset([200, None]))
    return Allowed(Chance.CANNOT, _API, frozenset(range(200, 207)))


def _of_a_broken_one(nature: Nature, fault: Fault, again: bool, most: int) -> Allowed:
    """The connection stalls, is reset or is cut."""
    kind, point = fault.kind, fault.point
    # What was done before the answer was lost is refused when it is asked for again.
    late = frozenset([400, 404, 409, 500]) if nature.method == "DELETE" else frozenset()
    statuses = frozenset([None, *late])
    errors = (SandboxApiException,) if late else ()
    # Who watches has what he wants with the first that comes, which may be before the break.
    watched = nature.shape is Shape.WATCH and point is Point.BODY
    if kind is Kind.STALL:
        most = 0 if point is Point.CONNECT else most
        chance = Chance.MAY if watched else Chance.CANNOT
        return Allowed(chance, (SandboxTimeoutException,), at_most=most)
    if point is Point.CONNECT:
        # Perhaps before anything was sent: then any request goes again.
        chance = Chance.CANNOT if fault.always else Chance.MUST if again else Chance.MAY
        return Allowed(chance, (SandboxConnectionException,), at_most=0 if fault.always else 1)
    if point is Point.BODY:
        # The status was there; and of a refusal more is not needed, where gone is as good as ended.
        if nature.shape is Shape.EVENTS or late or watched:
            return Allowed(Chance.MAY, (SandboxConnectionException, *errors), statuses)
        return Allowed(Chance.CANNOT, (SandboxConnectionException,), at_most=1)
    if again:
        chance = Chance.MAY if late else Chance.MUST
        return Allowed(chance, (SandboxConnectionException, *errors), statuses, most)
    return Allowed(Chance.CANNOT, (SandboxConnectionException, *errors), statuses, most)
