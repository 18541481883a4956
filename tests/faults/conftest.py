"""Limits that are not those a program has: what is stalled shows soon, what is slow has time."""

from __future__ import annotations

import pytest

#: Seconds; the runtime's own signs of life come every 3 s.
SILENCE = 5.0
#: Seconds; of a machine that is busy with many cases.
ENDING = 10.0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is noticed after `SILENCE`; ending what was made may take `ENDING`."""
    for colour in ("_async", "_sync"):
        monkeypatch.setattr(f"opensandbox.{colour}.streams.PING_SILENCE", SILENCE)
        monkeypatch.setattr(f"opensandbox.{colour}.streams._SUSPICION", SILENCE)
        monkeypatch.setattr(f"opensandbox.{colour}.metrics._SILENCE", SILENCE)
        monkeypatch.setattr(f"opensandbox.{colour}.endings.CLEAN_UP_LIMIT", ENDING)
        monkeypatch.setattr(f"opensandbox.{colour}.endings.LAST_LIMIT", ENDING + 1.0)
