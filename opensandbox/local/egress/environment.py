"""The variables by which programs in a sandbox find the proxy, and whom they trust. Pure."""

from __future__ import annotations

PORT = 3128
"""The port of the sandbox's own loopback on which the proxy is reached."""

_PROXIED = ("http_proxy", "https_proxy", "all_proxy")
_TRUSTED = (
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "DENO_CERT",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)


def proxy_variables() -> dict[str, str]:
    """What curl, pip, git, apt, Python's libraries and newer Nodes look for."""
    found = dict.fromkeys(_PROXIED, f"http://127.0.0.1:{PORT}")
    found["no_proxy"] = "localhost,127.0.0.1,::1"
    return {
        **found,
        **{name.upper(): value for name, value in found.items()},
        "NODE_USE_ENV_PROXY": "1",
    }


def trust_variables(bundle: str) -> dict[str, str]:
    """What makes programs trust the certificates in the file `bundle`, by its path inside."""
    return dict.fromkeys(_TRUSTED, bundle)
