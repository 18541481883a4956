"""Runs one of the programs that prepare a sandbox and then become what runs it.

Started by `starter`, `snapshots` and `probe` only: ``PYTHON -I -S THIS_FILE KIND``. It is part of
every start, so what is slow to import (pathlib, typing, subprocess) is not imported.
"""

import os
import sys

sys.path.insert(
    0, os.path.abspath(__file__).removesuffix("/opensandbox/local/isolation/__main__.py")
)

if __name__ == "__main__":
    from opensandbox.local.isolation import assemble, plain, snapshots

    if sys.argv[1] == "try-idmap":
        assemble.try_idmap(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "try-image":
        assemble.try_image(sys.argv[2])
    else:
        kinds = {"assemble": assemble.main, "plain": plain.main, "snapshot": snapshots.main}
        kinds[sys.argv[1]]()
