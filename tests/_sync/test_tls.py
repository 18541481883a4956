# Written by scripts/unasync.py from tests/_async/test_tls.py. Do not edit.
"""https: the peer's certificate is checked as the config says, with one context for each config."""

from __future__ import annotations

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox._concurrency import gather
from opensandbox._sync import transport as transports
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.http import ServiceSync
from opensandbox.exceptions import SandboxConnectionException
from opensandbox_api.lifecycle.api.sandboxes import list_sandboxes

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

NOTHING = (
    b'{"items":[],"pagination":{"page":1,"pageSize":20,"totalItems":0,"totalPages":0,'
    b'"hasNextPage":false}}'
)


class Nothing(http.server.BaseHTTPRequestHandler):
    """Answers every request with an empty list."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that no usual authority has signed, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=peer"
    options = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *options], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture
def address(certificate: Path) -> Iterator[str]:
    """The URL of an https server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def list_all(config: ConnectionConfigSync) -> None:
    ServiceSync(config).call(lambda client: list_sandboxes.sync_detailed(client=client))


def test_an_unknown_certificate_is_refused_at_once(address: str) -> None:
    config = ConnectionConfigSync(domain=address)
    with pytest.raises(SandboxConnectionException, match=r"(?i)certificate"):
        list_all(config)
    config.close()


def test_verify_names_who_is_trusted(address: str, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    for verify in (str(certificate), certificate, context, False):
        config = ConnectionConfigSync(domain=address, verify=verify)
        list_all(config)
        config.close()


def test_many_first_requests_make_one_context(
    address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    plain = transports.tls_context

    def counting(verify: transports.Verify) -> ssl.SSLContext:
        made.append(verify)
        return plain(verify)

    monkeypatch.setattr(transports, "tls_context", counting)
    config = ConnectionConfigSync(domain=address, verify=certificate)
    gather(*[lambda: list_all(config) for _ in range(8)])
    assert len(made) == 1
    config.close()
