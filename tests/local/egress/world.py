"""A small internet, in network namespaces of its own, and a runtime on a machine in it.

Run as root by `test_public`: it makes all of that, reads groups of probes (JSON) from standard
input, makes each group in a sandbox of its own, and prints what came back.

- Two machines: this one, with a runtime, and one that is all the others, with public addresses and
  private ones. Both are namespaces that end with their processes; nothing is left of them.
- Every server answers with the address at which it was reached.
- Names are answered by a server of the world's own, whose answers may change with each question.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "generated")]

from opensandbox.local.isolation import syscalls  # noqa: E402

HERE, LINK = "93.184.216.1", "192.168.77.2"
HERE_6 = "2606:2800:220:1::1"
PUBLIC, PUBLIC_2, PUBLIC_6 = "93.184.216.34", "93.184.216.35", "2606:2800:220:1::34"
SITES = ("10.0.0.5", "100.64.0.5", "169.254.169.254", "172.16.0.5", "198.51.100.5")
ELSEWHERE = (PUBLIC, PUBLIC_2, *SITES)
SECRET = "s3cret-of-the-vault"
ELSEWHERE_6 = (PUBLIC_6, "fd77::5", "2002:a00:5::1", "64:ff9b::a00:5")
NAMES: dict[str, list[list[str]]] = {
    "public.test": [[PUBLIC]],
    "other.test": [[PUBLIC_2]],
    "six.test": [[PUBLIC_6]],
    "both.test": [[PUBLIC_6, PUBLIC]],
    "mixed.test": [[PUBLIC, "10.0.0.5"]],
    "mixed-six.test": [[PUBLIC, "fd77::5"]],
    "rebound.test": [[PUBLIC], ["127.0.0.1"]],
    "returning.test": [["127.0.0.1"], [PUBLIC]],
    "private.test": [["10.0.0.5"]],
    "loop.test": [["127.0.0.1"]],
    "loop-six.test": [["::1"]],
    "metadata.test": [["169.254.169.254"]],
    "mapped.test": [["::ffff:127.0.0.1"]],
    "translated.test": [["64:ff9b::a00:5"]],
    "six-to-four.test": [["2002:a00:5::1"]],
    "nowhere.test": [["0.0.0.0"]],
    "here.test": [[HERE]],
}
"""Each name's answers, one list for each time it is asked for; the last one stays."""


def run(*words: str) -> None:
    """A program that has to end well."""
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


# The other machines


class Answers(BaseHTTPRequestHandler):
    """Says at which address it was reached, and what for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = self.path.partition("?to=")[2]
        address = self.connection.getsockname()[0].removeprefix("::ffff:")
        host = self.headers.get("host", "")
        self.rfile.read(int(self.headers.get("content-length", 0)))
        key = "with" if self.headers.get("authorization") == f"Bearer {SECRET}" else "without"
        body = f"reached {address} as {host} {key} its key\n".encode()
        self.send_response(302 if wanted else 200)
        if wanted:
            self.send_header("Location", wanted)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


class Web(ThreadingHTTPServer):
    """One address and port."""

    daemon_threads = True

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Answers)
        if context is not None:
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class Question(socketserver.BaseRequestHandler):
    """One question of a resolver, for addresses of either kind."""

    asked: ClassVar[dict[tuple[str, int], int]] = {}

    def handle(self) -> None:
        data, sock = self.request
        labels, at = [], 12
        while size := data[at]:
            labels.append(data[at + 1 : at + 1 + size].decode())
            at += size + 1
        (kind,) = struct.unpack("!H", data[at + 1 : at + 3])
        name = ".".join(labels).lower()
        number = self.asked.get((name, kind), 0)
        self.asked[name, kind] = number + 1
        known = NAMES.get(name)
        found = known[min(number, len(known) - 1)] if known else []
        records = []
        for address in found:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if kind == {socket.AF_INET: 1, socket.AF_INET6: 28}[family]:
                packed = socket.inet_pton(family, address)
                records.append(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed)
        flags = 0x8180 if known else 0x8183
        head = struct.pack("!2sHHHHH", data[:2], flags, 1, len(records), 0, 0)
        sock.sendto(head + data[12 : at + 5] + b"".join(records), self.client_address)


def be_elsewhere(context: ssl.SSLContext) -> None:
    """Serves at every address of the other machines, until the process ends."""
    run("ip", "link", "set", "lo", "up")
    for address in ELSEWHERE:
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in ELSEWHERE_6:
        run("ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad")
    run("ip", "address", "add", f"{LINK}/24", "dev", "world")
    run("ip", "-6", "address", "add", "fd77::2/64", "dev", "world", "nodad")
    run("ip", "link", "set", "world", "up")
    run("ip", "route", "add", f"{HERE}/32", "dev", "world")
    run("ip", "-6", "route", "add", f"{HERE_6}/128", "via", "fd77::1")
    for address in (*ELSEWHERE, *ELSEWHERE_6, LINK, "fd77::2"):
        Web(address, 80)
    for address in (PUBLIC, PUBLIC_6):
        Web(address, 22)
        Web(address, 443, context)
    socketserver.UDPServer.max_packet_size = 1024
    names = socketserver.ThreadingUDPServer((LINK, 53), Question)
    threading.Thread(target=names.serve_forever, daemon=True).start()


# This machine


def be_here(other: int, resolver: Path) -> None:
    """Joins this namespace and that of process `other` by a wire, and asks its name server."""
    run("ip", "link", "set", "lo", "up")
    wire = ("type", "veth", "peer", "name", "world", "netns", str(other))
    run("ip", "link", "add", "here", *wire)
    run("ip", "address", "add", "192.168.77.1/24", "dev", "here")
    run("ip", "address", "add", f"{HERE}/32", "dev", "here")
    run("ip", "-6", "address", "add", "fd77::1/64", "dev", "here", "nodad")
    run("ip", "-6", "address", "add", f"{HERE_6}/128", "dev", "here", "nodad")
    run("ip", "link", "set", "here", "up")
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    resolver.write_text(f"nameserver {LINK}\noptions timeout:1 attempts:1\n")
    run("mount", "--bind", str(resolver), os.path.realpath("/etc/resolv.conf"))


def route() -> None:
    """What is not on the wire is behind it."""
    run("ip", "route", "add", "default", "via", LINK)
    run("ip", "-6", "route", "add", "default", "via", "fd77::2")
    for address in ("127.0.0.1", "::1", HERE, HERE_6):
        Web(address, 80)


@contextlib.contextmanager
def machines(directory: Path, context: ssl.SSLContext):  # type: ignore[no-untyped-def]
    """Both, for the block."""
    syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWNS)
    ready, wired, done = os.pipe(), os.pipe(), os.pipe()
    other = os.fork()
    if other == 0:
        try:
            os.close(done[1])
            syscalls.unshare(syscalls.CLONE_NEWNET)
            os.write(ready[1], b"1")
            os.read(wired[0], 1)
            be_elsewhere(context)
            os.write(ready[1], b"1")
            os.read(done[0], 1)
        finally:
            os._exit(0)
    os.close(ready[1])
    try:
        assert os.read(ready[0], 1)
        be_here(other, directory / "resolv.conf")
        os.write(wired[1], b"1")
        assert os.read(ready[0], 1), "the other machines did not come up"
        route()
        yield
    finally:
        os.close(done[1])
        os.waitpid(other, 0)


INSIDE = """
import json, os, socket, subprocess, sys

def ask(probe):
    if isinstance(probe, list):
        words = ["curl", "-sSL", "-m", "20", *probe]
        if os.path.exists("/tmp/ca.pem"):
            words += ["--cacert", "/tmp/ca.pem"]
        ran = subprocess.run(words, capture_output=True, text=True)
        return ran.stdout + ran.stderr
    with socket.create_connection(("127.0.0.1", 3128)) as proxy:
        proxy.settimeout(20)
        proxy.sendall(probe.encode("latin-1"))
        said = b""
        try:
            while piece := proxy.recv(65536):
                said += piece
        except OSError as error:
            said += b" " + str(error).encode()
        return said.decode("latin-1")

with open("/tmp/probes.json") as file:
    probes = json.load(file)
print(json.dumps({name: ask(probe) for name, probe in probes.items()}))
"""


def make(groups: list[dict[str, Any]], certificate: str) -> list[dict[str, str]]:
    """What came back for the probes of each group, made in a sandbox with its policy."""
    from opensandbox import NetworkPolicy, SandboxSync
    from opensandbox.models.sandboxes import CredentialProxyConfig
    from opensandbox.runtime import LocalRuntime

    found = []
    with LocalRuntime(spares=0) as runtime, runtime.config_sync() as config:
        for group in groups:
            policy = group["policy"] and NetworkPolicy.model_validate(group["policy"])
            with SandboxSync.temporary(
                "any:1",
                connection_config=config,
                network_policy=policy,
                credential_proxy=CredentialProxyConfig(enabled=bool(group["vault"])),
            ) as sandbox:
                if group["vault"]:
                    sandbox.credential_vault.create(**group["vault"])
                else:
                    sandbox.files.write_file("/tmp/ca.pem", certificate)
                sandbox.files.write_file("/tmp/probes.json", json.dumps(group["probes"]))
                sandbox.files.write_file("/tmp/inside.py", INSIDE)
                ran = sandbox.commands.run("python3 /tmp/inside.py")
                found.append(json.loads(ran.check().stdout))
    return found


def main() -> None:
    """Makes the probes on standard input in that world."""
    groups = json.load(sys.stdin)
    from opensandbox.local.egress import authority

    kept = authority.make("the tests' world")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "ca.pem").write_text(kept.certificate)
        with machines(directory, authority.Authority(kept).context_for("public.test")):
            os.environ["SSL_CERT_FILE"] = str(directory / "ca.pem")
            json.dump(make(groups, kept.certificate), sys.stdout)


if __name__ == "__main__":
    main()
