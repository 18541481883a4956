"""Every attack of `attacks`, made from inside a sandbox by its own root."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from opensandbox.local.isolation.probe import Machine
from tests.local.isolation.test_ordinary_user import folder, run_ordinary
from tests.security.attacked import CANARY, SCRIPT, VARIABLE, outcomes

pytestmark = [pytest.mark.isolation, pytest.mark.xdist_group("attacks")]

NAMES = [
    node.name
    for node in ast.parse(SCRIPT.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.decorator_list
]


@pytest.fixture(scope="module", params=["this user", "an ordinary user"])
def came(
    request: pytest.FixtureRequest, machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, object]:
    """What came of every attack on a sandbox of a server of that user."""
    if request.param == "an ordinary user":
        with folder() as work:
            words = ("-m", "tests.security.attacked", str(work / "state"))
            return run_ordinary(work, *words, **{VARIABLE: CANARY})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, CANARY)
        return outcomes(tmp_path_factory.mktemp("state"), machine)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_blocked(came: Mapping[str, object], name: str) -> None:
    assert str(came[name]).startswith("blocked"), came[name]


def test_every_attack_was_made(came: Mapping[str, object]) -> None:
    assert sorted(came) == sorted(NAMES)
