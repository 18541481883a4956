"""Runs one of the programs that prepare a sandbox and then become what runs it.

Started by `starter` only: ``PYTHON -I -S THIS_FILE assemble|plain``, the plan on standard input.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

if __name__ == "__main__":
    if sys.argv[1] == "assemble":
        from opensandbox.local.isolation.assemble import main
    else:
        from opensandbox.local.isolation.plain import main
    main()
