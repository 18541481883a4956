"""What came of the work of a soak, counted by threads and tasks together."""

from __future__ import annotations

import threading
import traceback
from collections import Counter

from opensandbox import SandboxException


class Tally:
    """Counts: what was done, what failed as it should, what went wrong."""

    def __init__(self) -> None:
        self.successes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.findings: list[str] = []
        self.longest: dict[str, float] = {}
        self._lock = threading.Lock()

    def done(self, name: str) -> None:
        """It succeeded."""
        with self._lock:
            self.successes[name] += 1

    def failed(self, name: str, error: SandboxException) -> None:
        """It raised one of ours."""
        with self._lock:
            self.errors[type(error).__name__] += 1

    def wrong(self, name: str, error: BaseException) -> None:
        """It raised what no caller should see, or did not come to an end."""
        with self._lock:
            said = "".join(traceback.format_exception(error)[-6:])
            self.findings.append(f"{name}: {type(error).__name__}: {said}")

    def took(self, name: str, seconds: float) -> None:
        """How long one took."""
        with self._lock:
            self.longest[name] = max(seconds, self.longest.get(name, 0.0))
