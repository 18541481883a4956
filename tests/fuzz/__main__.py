"""Feed the decoder of event streams with what a fuzzer thinks of, and check what must hold.

    python -m tests.fuzz [-max_total_time=300] [other options of libFuzzer]

It begins with the recorded streams of a real server and forgets what it learnt. The last line says
what came of it. Exits with 0 when nothing was found, 1 when something was, and 77 where atheris,
the fuzzer, is not installed.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
#: What exits with this was skipped.
SKIPPED = 77

_FOUND = re.compile(r"(AssertionError.*|== *\d+ *== *ERROR.*|\S*(?:Error|Exception): .*)")
_RUNS = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)
_COVERED = re.compile(r"cov: (\d+) ft: (\d+)")

#: Words of the language, for a fuzzer that would take long to find them.
_WORDS = [
    r"data: ",
    r"data:",
    r"event: ",
    r"id: ",
    r"retry: ",
    r": ",
    r"\x0a\x0a",
    r"\x0d\x0a",
    r"\x0d",
    r"\xef\xbb\xbf",
    r"\xe2\x80\xa8",
    r"\xc2\x85",
    *(
        rf"{{\"type\":\"{kind}\""
        for kind in ("init", "stdout", "stderr", "result", "error", "ping", "execution_complete")
    ),
    r",\"text\":\"",
    r",\"timestamp\":1",
    r",\"execution_count\":1",
    r",\"results\":{\"text/plain\":\"1\"}",
    r",\"error\":{\"ename\":\"E\",\"evalue\":\"3\",\"traceback\":[]}",
    r"{\"code\":\"C\",\"message\":\"m\"}",
    r"}",
    r"\x00",
    r"\xff",
]


def seeds() -> list[bytes]:
    """The recorded streams, each with a head that cuts it somehow."""
    pairs = json.loads((_ROOT / "tests" / "data" / "transcripts.json").read_text(encoding="utf-8"))
    streams = [
        pair["response"]["body"].encode()
        for pair in pairs["execd"]
        if pair["response"]["headers"].get("content-type", "").startswith("text/event-stream")
    ]
    return [bytes([7, 0, 1, 30, 60, 9, 0, 0]) + stream for stream in streams]


def main() -> int:
    """Run the target for as long as was asked for; say what came of it."""
    if importlib.util.find_spec("atheris") is None:
        print(
            "skipped: atheris, the fuzzer, is not installed; it has wheels for Linux on x86-64 with"
            " Python 3.11 to 3.13 (pip install atheris)"
        )
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="opensandbox-fuzz-") as place:
        return _run(Path(place))


def _run(place: Path) -> int:
    corpus = place / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = place / "words"
    words.write_text("".join(f'"{word}"\n' for word in _WORDS), encoding="ascii")
    command = [sys.executable, "-m", "tests.fuzz.target", f"-dict={words}", "-timeout=30"]
    command += [f"-artifact_prefix={place}/", *sys.argv[1:], str(corpus)]
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as running:
        assert running.stdout is not None
        said: list[str] = []
        for line in running.stdout:
            print(line, end="", flush=True)
            said = [*said[-999:], line]
    text = "".join(said)
    covered = _COVERED.findall(text)
    cover = f"{covered[-1][0]} edges covered" if covered else "no word of what was covered"
    done = _RUNS.search(text)
    if running.returncode == 0 and done is not None:
        print(f"{done[1]} inputs in {done[2]} s, {cover}, nothing found")
        return 0
    found = _FOUND.search(text)
    print(f"found: {found[0] if found else f'it ended with {running.returncode}'}; {cover}")
    for artifact in sorted(place.glob("*-*")):
        print(f"by the input {artifact.read_bytes()!r}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
