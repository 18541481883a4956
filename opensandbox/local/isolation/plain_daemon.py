"""Starts the daemon without isolation: ``PYTHON -I THIS_FILE --listen FD --control FD``."""

import sys
from pathlib import Path

_TOP = Path(__file__).parents[3]
sys.path[:0] = [str(_TOP), str(_TOP / "generated")]

if __name__ == "__main__":
    from opensandbox.local.execd.__main__ import main

    sys.exit(main())
