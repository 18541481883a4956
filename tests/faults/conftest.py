"""Limits on silence that are shorter than a program has them: a stalled stream shows soon."""

from __future__ import annotations

import pytest

#: Seconds; the runtime's own signs of life come every 3 s.
SILENCE = 5.0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is noticed after `SILENCE`."""
    for colour in ("_async", "_sync"):
        monkeypatch.setattr(f"opensandbox.{colour}.streams.PING_SILENCE", SILENCE)
        monkeypatch.setattr(f"opensandbox.{colour}.streams._SUSPICION", SILENCE)
        monkeypatch.setattr(f"opensandbox.{colour}.metrics._SILENCE", SILENCE)
