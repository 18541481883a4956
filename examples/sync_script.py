"""A plain script: send files to a sandbox, run a command on them, fetch what it made.

    python examples/sync_script.py

Where it runs is in the environment: OPEN_SANDBOX_DOMAIN and OPEN_SANDBOX_API_KEY name a server;
OPEN_SANDBOX_DOMAIN=local is this machine.
"""

from __future__ import annotations

from opensandbox import SandboxException, SandboxSync, WriteEntry

COUNT = """\
import collections, json, pathlib

words = pathlib.Path("/tmp/text.txt").read_text().split()
pathlib.Path("/tmp/counts.json").write_text(json.dumps(collections.Counter(words)))
print(len(words), "words")
"""


def main() -> None:
    """Count words, in a sandbox that is gone afterwards."""
    with SandboxSync.temporary("python:3.11") as sandbox:
        sandbox.files.write_files(
            [
                WriteEntry(path="/tmp/text.txt", data="to be or not to be"),
                WriteEntry(path="/tmp/count.py", data=COUNT),
            ]
        )
        execution = sandbox.commands.run("python /tmp/count.py", timeout=30)
        execution.check()
        print(execution.stdout, end="")
        print(sandbox.files.read_file("/tmp/counts.json"))


if __name__ == "__main__":
    try:
        main()
    except SandboxException as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
