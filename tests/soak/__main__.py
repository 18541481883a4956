"""The soak: every call against every fault, the fuzzed decoder, and a load of both colours.

    python -m tests.soak [--minutes 30] [--only matrix,fuzz,load]

A whole run is stored in results.json, from which document.py writes docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fuzz.__main__ import SKIPPED

from .document import RESULTS, write
from .load import soak

_ROOT = Path(__file__).resolve().parents[2]
_PYTEST = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-q"]
#: Minutes of the load before what is held is measured for the first time; of the fuzzing.
_WARM_UP, _FUZZ_MINUTES = 5.0, 5.0
_COUNTS = re.compile(r"^\w+: \d+ cases of .*$", re.MULTILINE)


def _matrix() -> dict[str, Any]:
    """Every case, in both colours."""
    began = time.monotonic()
    done = subprocess.run(
        [*_PYTEST, "tests/faults/test_matrix.py"],
        cwd=_ROOT,
        env={**os.environ, "OPENSANDBOX_TEST_FAULTS": "all"},
        capture_output=True,
        text=True,
        check=False,
    )
    counts = _COUNTS.findall(done.stdout)
    print("\n".join(counts) or done.stdout[-5000:], flush=True)
    wrong = [] if done.returncode == 0 else [done.stdout[-20000:]]
    return {"counts": counts, "seconds": time.monotonic() - began, "wrong": wrong}


def _fuzz() -> dict[str, Any]:
    """The decoder of events, fed with what a fuzzer thinks of."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", f"-max_total_time={_FUZZ_MINUTES * 60:.0f}"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    print("\n".join(said[-3:]), flush=True)
    good = done.returncode in (0, SKIPPED)
    return {"said": said[-1:], "wrong": [] if good else said[-50:]}


def main() -> int:
    """Run it, store what came of it, say what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--only", default="matrix,fuzz,load")
    options = parser.parse_args()
    parts = options.only.split(",")
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["machine"] = f"Python {platform.python_version()}, {os.cpu_count()} processors"
    wrong: list[str] = []
    for name in parts:
        if name == "load":
            found = soak(options.minutes, _WARM_UP, lambda line: print(line, flush=True))
        else:
            found = _matrix() if name == "matrix" else _fuzz()
        found["day"] = datetime.now(UTC).date().isoformat()
        results[name] = found
        wrong += found["wrong"]
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write()
    print("\n".join(wrong) or "nothing was wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
