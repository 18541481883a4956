"""Runs one of the programs that prepare a sandbox and then become what runs it.

Started by `starter` and `probe` only: ``PYTHON -I -S THIS_FILE assemble|plain|try-idmap``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

if __name__ == "__main__":
    from opensandbox.local.isolation import assemble, plain

    if sys.argv[1] == "try-idmap":
        assemble.try_idmap(int(sys.argv[2]), int(sys.argv[3]))
    else:
        {"assemble": assemble.main, "plain": plain.main}[sys.argv[1]]()
