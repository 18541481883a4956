"""Run every check of the repository and say which failed.

    python scripts/check.py [NAME ...]      all, or those named

All run even when one fails; a check that passes says so in one line, one that fails shows what it
printed. Two run at a time: most of the time goes to mypy, which uses one core.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = sys.executable

# The slowest first, so that the others run beside them.
CHECKS: dict[str, list[str]] = {
    "types": [PYTHON, "-m", "mypy", "--no-error-summary"],
    "types in user code": [PYTHON, "-m", "pyright"],
    "generated/": [PYTHON, "scripts/generate.py", "--check"],
    "OpenAPI documents": [
        PYTHON,
        "-m",
        "openapi_spec_validator",
        *(f"openapi/{name}.yaml" for name in ("lifecycle", "execd", "egress", "diagnostics")),
    ],
    "import directions": [str(BIN / "lint-imports"), "--no-cache"],
    "_sync/": [PYTHON, "scripts/unasync.py", "--check"],
    "public surface": [PYTHON, "scripts/surface.py", "--check"],
    "coverage of the API": [PYTHON, "scripts/coverage.py", "--check"],
    "reliability page": [PYTHON, "-m", "tests.soak.document", "--check"],
    "format": [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
    "lint": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
}


def run(name: str) -> bool:
    """Run one check and report it; whether it passed."""
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": "", "NO_COLOR": "1"}
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    line = f"{'ok  ' if passed else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)\n"
    # One write, so that two checks do not mix.
    sys.stdout.write(line if passed else f"{line}{done.stdout.rstrip()}\n\n")
    sys.stdout.flush()
    return passed


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CHECKS))
    names = parser.parse_args().names or list(CHECKS)
    unknown = sorted(set(names) - set(CHECKS))
    if unknown:
        parser.error(f"no check is called {', '.join(unknown)}")
    with ThreadPoolExecutor(max_workers=2) as workers:
        passed = dict(zip(names, workers.map(run, names), strict=True))
    failed = [name for name, good in passed.items() if not good]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
