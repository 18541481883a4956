"""Whom programs in the sandbox trust: the certificates that are there, and one more.

The file is written before any program of the sandbox has run.
"""

from __future__ import annotations

import os
from pathlib import Path

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_LARGEST_BUNDLE = 4 * 1024 * 1024


def write_bundle(certificate: str, usual: str) -> str:
    """Writes a file of `certificate` and what the root file system trusts, and returns its path.

    Where that trusts nobody, the certificates in `usual` take the place. Raises OSError.
    """
    place = Path("/run") if os.getpid() == 1 else Path.home() / ".opensandbox"
    directory = place / "opensandbox"
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = directory / "ca-certificates.crt"
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o644), "w", encoding="utf-8") as file:
        file.write(f"{_trusted() or usual}\n{certificate}")
        os.fchmod(file.fileno(), 0o644)
    return str(path)


def _trusted() -> str:
    for name in (os.environ.get("SSL_CERT_FILE", ""), *_BUNDLES):
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                text = file.read(_LARGEST_BUNDLE)
        except OSError:
            continue
        if "-----BEGIN" in text:
            return text
    return ""
