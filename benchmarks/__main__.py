"""Measure everything, print the table, store it: `make bench`, under ten minutes.

    python -m benchmarks [--only WORK,...]

Rules:

* What is one process's own (a call, a command) is measured by `client.py`, where the client and
  httpx take turns; what is a whole process's (an import, a start) by processes that take turns.
* Of what was measured, medians are told; of what was measured in turns, the median of the ratios.
* A whole process is isolated (`-I`): the environment of who measures must not keep it from using
  what was compiled once, as an installed package is.
* The peak of the memory is that of a fresh process that does the work once.
* Only a whole run is stored, in results.json, from which document.py writes docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from .document import RESULTS, table, write
from .environments import python_of
from .works import ROWS, Row

_HERE = Path(__file__).resolve().parent
_NAMES = "Sandbox, SandboxSync, SandboxManager"
_CONFIGS = "from opensandbox.config import ConnectionConfig, ConnectionConfigSync"
#: Party -> its environment and what it imports.
_IMPORTS = {
    "httpx": ("ours", "import httpx"),
    "import": ("ours", f"from opensandbox import {_NAMES}; {_CONFIGS}"),
    "import_bare": ("ours", "import opensandbox"),
    "import 1.1.1": ("1.1.1", f"from opensandbox import {_NAMES}; {_CONFIGS}"),
    "import_bare 1.1.1": ("1.1.1", "import opensandbox"),
    "import_e2b": ("e2b", "from e2b import Sandbox, AsyncSandbox"),
}
_TIMED = """
import sys, time
began = time.perf_counter()
{statement}
took, modules = time.perf_counter() - began, len(sys.modules)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
print(took, modules, peak)
"""
#: How often whole processes take turns.
_TURNS = 11
#: After how many seconds a party is given up.
_LIMIT = 120

Figures = dict[str, Any]


class Bench:
    """The measurements of one run, each made once."""

    def __init__(self, http: str, https: str, certificate: str) -> None:
        self._urls = {"http": http, "https": https}
        self._certificate = certificate
        self._imported: dict[str, list[list[float]]] | None = None

    def measure(self, row: Row) -> Figures:
        """The figures of a row: `ours`, `httpx`, `1.1.1`, `ratio`, and the memory of each."""
        kind, _, what = row.work.partition(":")
        if kind in ("import", "import_bare", "import_e2b"):
            return self._import(kind)
        if kind == "modules":
            seen = self._imports()
            return {
                "ours": seen["import"][0][1],
                "httpx": seen["httpx"][0][1],
                "1.1.1": seen["import 1.1.1"][0][1],
            }
        if kind == "fresh":
            return self._fresh()
        if kind == "growth":
            return {
                "ours": self._growth("ours", what, "client"),
                "httpx": self._growth("ours", what, "httpx"),
                "1.1.1": self._growth("1.1.1", what, "client"),
            }
        if kind == "tls":
            return {name: self._tls(name, what) for name in ("ours", "1.1.1")}
        if kind == "connections":
            return {name: self._connections(name) for name in ("ours", "1.1.1")}
        return self._in_turns(row)

    # --- whole processes

    def _imports(self) -> dict[str, list[list[float]]]:
        """Of each party, for each turn: seconds, modules, peak of the memory."""
        if self._imported is None:
            commands = {
                party: [python_of(name), "-I", "-c", _TIMED.format(statement=statement)]
                for party, (name, statement) in _IMPORTS.items()
            }
            seen: dict[str, list[list[float]]] = {party: [] for party in commands}
            for turn in range(_TURNS + 1):
                for party, command in commands.items():
                    said = [float(number) for number in _output(command).split()]
                    if turn:  # the first one compiles
                        seen[party].append(said)
            self._imported = seen
        return self._imported

    def _import(self, kind: str) -> Figures:
        seen = self._imports()
        parties = {"ours": kind, "httpx": "httpx"}
        if kind != "import_e2b":
            parties["1.1.1"] = f"{kind} 1.1.1"
        figures: Figures = {
            name: median(turn[0] for turn in seen[party]) for name, party in parties.items()
        }
        figures["ratio"] = _ratio([t[0] for t in seen[kind]], [t[0] for t in seen["httpx"]])
        figures["memory"] = {
            name: median(turn[2] for turn in seen[party]) for name, party in parties.items()
        }
        return figures

    def _fresh(self) -> Figures:
        url = self._urls["http"]
        script = str(_HERE / "fresh.py")
        commands = {
            "ours": [python_of("ours"), "-I", script, "client", url],
            "httpx": [python_of("ours"), "-I", script, "httpx", url],
            "1.1.1": [python_of("1.1.1"), "-I", script, "client", url],
        }
        took: dict[str, list[float]] = {party: [] for party in commands}
        peak: dict[str, float] = {}
        for turn in range(_TURNS + 1):
            for party, command in commands.items():
                began = time.perf_counter()
                said = _output(command)
                if turn:
                    took[party].append(time.perf_counter() - began)
                peak[party] = float(said)
        figures: Figures = {party: median(turns) for party, turns in took.items()}
        figures["ratio"] = _ratio(took["ours"], took["1.1.1"])
        figures["memory"] = peak
        return figures

    # --- inside a process

    def _in_turns(self, row: Row) -> Figures:
        ours = self._client(row.environment, row.work, *row.options)
        figures: Figures = {}
        if ours is not None:
            figures["ours"] = median(ours["client"])
            if any(ours["httpx"]):
                figures["httpx"] = median(ours["httpx"])
                figures["ratio"] = _ratio(ours["client"], ours["httpx"])
                excess = [a - b for a, b in zip(ours["client"], ours["httpx"], strict=True)]
                figures["excess"] = median(excess)
        if row.environment == "ours":
            old = self._client("1.1.1", row.work, "--seconds", "2", "--least", "3", *row.options)
            figures["1.1.1"] = old and median(old["client"])
            if old is not None and any(old["httpx"]):
                figures["ratio of 1.1.1"] = _ratio(old["client"], old["httpx"])
        if row.memory:
            parties = {"ours": (row.environment, "client"), "httpx": (row.environment, "httpx")}
            if row.environment == "ours":
                parties["1.1.1"] = ("1.1.1", "client")
            figures["memory"] = {
                name: self._peak(environment, row.work, party)
                for name, (environment, party) in parties.items()
            }
        return figures

    def _client(self, name: str, work: str, *options: str, over: str = "http") -> Any:
        """What client.py says; None when it failed, or took too long."""
        environment = {**os.environ, "SSL_CERT_FILE": self._certificate}
        script = str(_HERE / "client.py")
        command = [python_of(name), "-I", script, work, self._urls[over], *options]
        try:
            return json.loads(_output(command, environment))
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"bench: {work} of {name} failed: {error}", file=sys.stderr)
            return None

    def _peak(self, name: str, work: str, party: str) -> float | None:
        said = self._client(name, work, "--alone", party)
        return None if said is None else float(said["peak"])

    def _growth(self, name: str, what: str, party: str) -> float | None:
        small, large = (self._peak(name, f"{what}_{size}", party) for size in ("1_mib", "2_gib"))
        return None if small is None or large is None else large - small

    def _tls(self, name: str, over: str) -> float | None:
        said = self._client(name, "tls_contexts", "--turns", "1", over=over)
        return None if said is None else float(said["client"][0])

    def _connections(self, name: str) -> float | None:
        self._counts()
        if self._client(name, "sandboxes_held", "--alone", "client") is None:
            return None
        return float(self._counts()["connections"]) - 1  # that of the question itself

    def _counts(self) -> Any:
        with urllib.request.urlopen(self._urls["http"] + "/counts") as answer:
            return json.load(answer)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def _output(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=_LIMIT
    )
    return done.stdout


# --- the peers --------------------------------------------------------------------------------


@contextmanager
def _peer(*options: str) -> Iterator[str]:
    """A peer in a process of its own; gives its port."""
    command = [sys.executable, str(_HERE / "peer.py"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _write_certificate(path: Path) -> None:
    """A key and a certificate of this machine's own, for an hour."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmarks")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(encoding, *plain) + certificate.public_bytes(encoding))


# --- all of it --------------------------------------------------------------------------------


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", help="these works, with a comma between; nothing is stored then")
    only = parser.parse_args().only
    rows = [row for row in ROWS if only is None or row.work in only.split(",")]
    began = time.monotonic()
    for environment in sorted({"ours", "1.1.1", "e2b", *(row.environment for row in rows)}):
        python_of(environment)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        certificate = folder / "certificate.pem"
        _write_certificate(certificate)
        http = opened.enter_context(_peer())
        https = opened.enter_context(_peer("--certificate", str(certificate)))
        bench = Bench(f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}", str(certificate))
        measured = []
        for row in rows:
            print(f"bench: {row.title}", file=sys.stderr, flush=True)
            measured.append({"title": row.title, **bench.measure(row)})
    results = {
        "machine": {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        },
        "seconds": round(time.monotonic() - began),
        "rows": measured,
    }
    print(table(results, rows))
    if only is None:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        write()


if __name__ == "__main__":
    main()
