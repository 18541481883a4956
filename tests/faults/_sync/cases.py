# Written by scripts/unasync.py from tests/faults/_async/cases.py. Do not edit.
"""One case of the matrix: a call, a fault, and what came of it.

Rules:

* A case looks at everything it can have left: connections, sandboxes, slots of the config.
* What was not as it should be is said in `Report.problems`; nothing is raised for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from opensandbox import ConnectionConfigSync, SandboxException, SandboxManagerSync, SandboxSync
from opensandbox._concurrency import gather, monotonic, sleep, time_limit
from opensandbox.exceptions import (
    SandboxApiException,
    SandboxReadyTimeoutException,
    SandboxTimeoutException,
)
from opensandbox.transport.retry import JitterMode, RetryEvent, RetryPolicy
from tests.faults._sync.calls import Call, Here
from tests.faults.fault import LOST, RETRIES, Allowed, Chance, Fault, Kind, Point, allowed
from tests.faults.proxy import REQUEST_ID, Door
from tests.faults.report import Report
from tests.faults.world import Stock, Workshop, World

#: The limit of a request that is to run into it, of one that takes a while when all is well, and of
#: one that is not to run into it, in seconds.
SHORT, SLOW, LONG = 0.5, 4.0, 20.0
#: How long a wait with several looks may take when none of them can succeed.
_READY = 4.0
#: The same when it begins with making a sandbox.
_MADE_READY = 8.0
#: What is taken for a hang, in seconds: far more than any limit here.
_HANG = 45.0
#: How much later than its limit a call may end on a machine that is busy with other things.
_LATE = 8.0


def run_case(world: World, call: Call, fault: Fault | None) -> Report:
    """Make the call while the fault strikes it; without a fault, see that it works at all."""
    report = Report(str(call), str(fault))
    beside = world.proxy.door()
    front = world.proxy.door(world.domain, beside)
    struck = front if call.plane == "lifecycle" else beside
    try:
        with _loan(world, call, fault) as loan:
            _run(world, call, fault, report, front, struck, loan)
            _connections(report, front, beside)
    finally:
        front.close()
        beside.close()
    return report


@contextmanager
def _loan(world: World, call: Call, fault: Fault | None) -> Iterator[Any]:
    """What the call needs for itself."""
    if call.needs in ("own", "paused"):
        late = fault is not None and fault.kind is Kind.STALL
        with world.own_sandbox(paused=call.needs == "paused", late=late) as sandbox:
            yield sandbox
        return
    stocks: dict[str, Stock | Workshop] = {
        "guarded": world.guarded,
        "session": world.sessions,
        "context": world.contexts,
        "workshop": world.workshops,
    }
    stock = stocks.get(call.needs)
    if stock is None:
        yield None
        return
    thing = stock.take()
    yield thing
    stock.give_back(thing)


def _config(
    world: World, call: Call, front: Door, struck: Door, fault: Fault | None
) -> ConnectionConfigSync:
    def on_retry(event: RetryEvent) -> None:
        struck.relent()

    return ConnectionConfigSync(
        domain=front.address,
        api_key=world.api_key,
        request_timeout=_limit(call, fault),
        retry_policy=RetryPolicy(
            max_retries=RETRIES,
            initial_backoff=timedelta(seconds=0.02),
            max_backoff=timedelta(seconds=0.05),
            jitter=JitterMode.NONE,
            on_retry=on_retry,
        ),
    ).with_transport_if_missing(max_connections=2)


def _limit(call: Call, fault: Fault | None) -> float:
    """Seconds that each request may take."""
    if fault is None or fault.kind is not Kind.STALL:
        return LONG
    return SLOW if call.makes or call.needs == "workshop" else SHORT


def _run(
    world: World,
    call: Call,
    fault: Fault | None,
    report: Report,
    front: Door,
    struck: Door,
    loan: Any,
) -> None:
    own = call.needs in ("own", "paused", "guarded", "workshop")
    straight = loan if own else world.shared
    name = world.name()
    config = _config(world, call, front, struck, fault)
    try:
        sandbox = SandboxSync.connect(
            straight.id, connection_config=config, skip_health_check=True, request_timeout=LONG
        )
        manager = SandboxManagerSync.create(config)
        hopeless = fault is not None and allowed(call.nature, fault).success is Chance.CANNOT
        ready = (_MADE_READY if call.makes else _READY) if hopeless else LONG
        here = Here(world, name, config, sandbox, manager, straight, loan, ready)
        if call.given is not None:
            here.given = call.given(here)
        if fault is not None:
            _prepare(here, call)
            struck.arm(fault, call.nature.method, call.path)
        begun = monotonic()
        error = _outcome(call, here)
        took = monotonic() - begun
        report.reached, report.struck = struck.reached, struck.struck > 0
        front.restore()
        struck.restore()
        report.error = error
        _judge(call, fault, report, error, took, straight.id)
        _still_of_use(report, here)
        _sandboxes(world, call, report, name)
    finally:
        config.close()


def _prepare(here: Here, call: Call) -> None:
    """Have the address looked up again by a call that is struck in looking it up."""
    if "endpoints" in call.pattern:
        here.sandbox._sandboxes.invalidate_endpoint_cache(here.sandbox.id)


def _outcome(call: Call, here: Here) -> BaseException | None:
    try:
        with time_limit(_HANG):
            call.run(here)
    except Exception as error:
        return error
    return None


# --- whether it was right -------------------------------------------------------------------------


def _judge(
    call: Call,
    fault: Fault | None,
    report: Report,
    error: BaseException | None,
    took: float,
    sandbox_id: str,
) -> None:
    refused = isinstance(error, SandboxApiException) and error.status_code == call.refused
    if error is not None and _too_slow(call, fault, report, error, took):
        return
    if fault is None or not report.struck:
        if error is not None and not (call.refused and refused):
            report.says(f"failed without a fault: {error!r}", error)
        return
    if fault.point is Point.CONNECT and isinstance(error, LOST) and not _named(call, error):
        return  # another request of the call was the first to connect
    may = allowed(call.nature, fault)
    if call.refused and refused:
        # What this runtime says when all is well, and with a body that says nothing, too.
        error = None
        if fault.kind in (Kind.EMPTY, Kind.WRONG) or fault.point is Point.BODY:
            return
    if took > _longest(fault) + _LATE:
        report.says(f"took {took:.1f} s")
    if error is None:
        if may.success is Chance.CANNOT:
            report.says("succeeded in silence")
    elif not isinstance(error, SandboxException):
        report.says(f"raised what is not ours: {error!r}", error)
    elif may.success is Chance.MUST:
        report.says(f"should have succeeded: {error!r}", error)
    elif not isinstance(error, may.errors):
        names = ", ".join(one.__name__ for one in may.errors)
        report.says(f"raised {error!r}, not {names}", error)
    else:
        _complete(call, fault, report, error, may, sandbox_id)
    most = may.at_most * call.times
    if report.reached > most:
        report.says(f"reached the server {report.reached} times, at most {most} are right")


def _too_slow(
    call: Call, fault: Fault | None, report: Report, error: BaseException, took: float
) -> bool:
    """Whether this is of a machine so busy that something took too long which is not struck."""
    if isinstance(error, SandboxReadyTimeoutException) and call.makes:
        return took >= _MADE_READY
    if report.struck:
        return False
    return took >= (SHORT if isinstance(error, SandboxTimeoutException) else _limit(call, fault))


def _longest(fault: Fault) -> float:
    """Seconds within which the call has to have ended."""
    return LONG if not fault.always and fault.kind is not Kind.STALL else 2 * _MADE_READY


def _named(call: Call, error: SandboxException) -> bool:
    """Whether the error names the request that is struck, or says what it should instead."""
    return bool(re.search(rf"{call.nature.method} \S+|{call.says}", str(error)))


def _complete(
    call: Call,
    fault: Fault,
    report: Report,
    error: SandboxException,
    may: Allowed,
    sandbox_id: str,
) -> None:
    """Whether the error says all that it should."""
    text = str(error)
    if not _named(call, error):
        report.says(f"does not say what was tried: {text!r}")
    if not error.error.code:
        report.says("has no code")
    status = error.status_code if isinstance(error, SandboxApiException) else None
    if status not in may.statuses:
        report.says(f"has status {status}: {text!r}")
    answered = fault.status is not None and isinstance(error, SandboxApiException)
    if answered and error.request_id != REQUEST_ID:
        report.says(f"has request id {error.request_id}: {text!r}")
    if call.of_sandbox and not call.makes and error.sandbox_id != sandbox_id:
        report.says(f"names sandbox {error.sandbox_id}: {text!r}")


# --- what it left ---------------------------------------------------------------------------------


def _still_of_use(report: Report, here: Here) -> None:
    """Both connections that the config may have are free, and work."""

    def look() -> object:
        return here.manager.list_sandbox_infos(page_size=1, request_timeout=LONG)

    try:
        gather(look, look)
    except SandboxException as error:
        report.says(f"left its config useless: {error!r}", error)


def _connections(report: Report, front: Door, beside: Door) -> None:
    """No connection is open once the config was closed."""
    ends = monotonic() + _LATE
    while (left := front.connections + beside.connections) and monotonic() < ends:
        sleep(0.01)
    if left:
        report.says(f"left {left} connections open")


def _sandboxes(world: World, call: Call, report: Report, name: str) -> None:
    """No sandbox is left, but where the error says that there may be one."""
    if not call.makes:
        return
    left = world.strays(name)
    report.lost = len(left)
    notes: list[str] = getattr(report.error, "__notes__", [])
    said = f"{report.error} {' '.join(notes)}"
    if "may have made a sandbox" in said:
        world.perhaps.add(name)
    if left and not ("may have made a sandbox" in said or "could not be deleted" in said):
        report.says(f"left {len(left)} sandboxes and does not say so: {said}")
    for sandbox_id in left:
        with suppress(SandboxException):
            world.manager.kill_sandbox(sandbox_id)
