"""Every public call against every fault: it succeeds or says why not, in time, and leaves nothing.

The pairs (`matrix.pairwise`) are run, or everything (`matrix.full`) where the environment variable
OPENSANDBOX_TEST_FAULTS is `all`, as it is for `make faults FAULTS=all` and `make soak`.
"""

from __future__ import annotations

import inspect
import os
import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pytest

from opensandbox import Sandbox, SandboxManager, SandboxPoolAsync, SandboxPoolManagerAsync
from opensandbox._async.code import Code
from opensandbox._async.offers import Offers
from opensandbox._async.running import RunningCommand
from opensandbox._async.system import ServerPools
from opensandbox._async.terminal import Terminal
from opensandbox.services import (
    Commands,
    CredentialVault,
    Diagnostics,
    Egress,
    Filesystem,
    Health,
    IsolationService,
    IsolationSession,
    Metrics,
)
from tests.faults import matrix
from tests.faults._async.calls import CALLS, PASSED_ON
from tests.faults.report import Report
from tests.faults.world import World

_CLASSES: Sequence[type] = (
    Sandbox, SandboxManager, Commands, Filesystem, Code, Terminal, RunningCommand, Egress,
    CredentialVault, IsolationService, IsolationSession, Metrics, Health, Diagnostics,
    ServerPools, SandboxPoolAsync, SandboxPoolManagerAsync,
)  # fmt: skip

#: Public methods that send nothing to a server, and why.
SEND_NOTHING = {
    "RunningCommand.begin": "waits for what `start` has sent",
    "RunningCommand.close": "closes connections",
    "Sandbox.close": "closes connections",
    "SandboxManager.close": "closes connections",
    "SandboxManager.create": "holds a config",
    "SandboxPoolAsync.resize": "speaks to the state store",
    "SandboxPoolAsync.shutdown": "ends what `start` began",
    "SandboxPoolAsync.snapshot": "speaks to the state store",
    "SandboxPoolAsync.snapshot_idle_entries": "speaks to the state store",
    "SandboxPoolAsync.start": "begins what `acquire` does, in the background",
}


def _public(kind: type) -> Iterable[str]:
    """The methods of a class that may send something, by where programs find them."""
    for name in dir(kind):
        value = inspect.getattr_static(kind, name)
        if name.startswith("_") or isinstance(value, property):
            continue
        if name in ("resume", "temporary") or inspect.isroutine(value):
            owner = next(base for base in kind.__mro__ if name in vars(base))
            yield f"{owner.__name__ if owner in _CLASSES else kind.__name__}.{name}"


def test_every_public_method_is_in_the_matrix() -> None:
    names = {name for kind in _CLASSES for name in _public(kind)}
    covered = {call.name.replace("Offers.", "Sandbox.") for call in CALLS}
    covered |= {name.replace("Offers.", "Sandbox.") for name in (*PASSED_ON, *SEND_NOTHING)}
    assert names - covered == set()
    assert covered - names - {"IsolationSession.files"} == set()
    assert set(PASSED_ON.values()) <= {call.name for call in CALLS}
    assert Offers in Sandbox.__mro__


def test_every_service_of_the_public_surface_is_looked_at(request: pytest.FixtureRequest) -> None:
    surface = (request.config.rootpath / "tests" / "surface.txt").read_text(encoding="utf-8")
    services = re.findall(r"^  (\w+): see opensandbox\.services\.", surface, re.MULTILINE)
    looked_at = {kind.__name__ for kind in _CLASSES} | {"Sandboxes"}
    assert {name for name in services if not name.endswith("Sync")} <= looked_at


def test_the_pairs_are_all_there_and_few() -> None:
    full, pairwise = matrix.full(), matrix.pairwise()
    assert pairwise == matrix.pairwise()
    assert set().union(*map(matrix.pairs, full)) == set().union(*map(matrix.pairs, pairwise))
    assert len(pairwise) < len(full) / 7
    assert {case.colour for case in full} == {"async", "sync"}


def _run(cases: Sequence[matrix.Case], world: World) -> list[Report]:
    """Run these and see that the process holds what it held before."""
    world.config.close()  # its own idle connections do not count
    before = matrix.Left.now()
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always", ResourceWarning)
        reports = matrix.run(world, cases)
        world.config.close()
        ends = time.monotonic() + 30
        while (left := matrix.Left.now()).exceeds(before) and time.monotonic() < ends:
            time.sleep(0.2)
    assert not left.exceeds(before), f"before {before}, after {left}"
    assert [str(one.message) for one in complaints] == []
    return reports


def _counts(reports: Sequence[Report], cases: Sequence[matrix.Case], took: float) -> str:
    kinds = Counter(type(report.error).__name__ for report in reports if report.error is not None)
    return (
        f"{cases[0].colour}: {len(reports)} cases of {len({case.index for case in cases})} calls"
        f" in {took:.0f} s, of which {sum(report.struck for report in reports)} were struck;"
        f" {sum(report.error is None for report in reports)} succeeded,"
        f" {', '.join(f'{count} {name}' for name, count in kinds.most_common())};"
        f" {sum(report.lost for report in reports)} sandboxes that nobody could know of;"
        f" {sum(bool(report.problems) for report in reports)} wrong"
    )


@pytest.mark.isolation
@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("colour", matrix.COLOURS)
def test_a_call_that_meets_a_fault_succeeds_or_says_why(
    colour: matrix.Colour, record_property: Callable[[str, object], None]
) -> None:
    everything = os.environ.get("OPENSANDBOX_TEST_FAULTS") == "all"
    chosen = matrix.full() if everything else matrix.pairwise()
    cases = [case for case in chosen if case.colour == colour]
    with World() as world:
        # Without a fault: what fails here is no finding, and the client is warm after it.
        calls = matrix.controls([colour])
        controls = matrix.run(world, calls if everything else calls[::10])
        assert [str(report) for report in controls if report.problems] == []
        begun = time.monotonic()
        reports = _run(cases, world)
        record_property("counts", _counts(reports, cases, time.monotonic() - begun))
        assert [str(report) for report in reports if report.problems] == []
        assert sum(report.struck for report in reports) > len(reports) * 0.9
        assert world.strays() == []
