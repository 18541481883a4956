"""The ports that every sandbox has, whatever runs in it."""

from __future__ import annotations

#: Where the daemon inside the sandbox listens: commands, files, metrics.
DEFAULT_EXECD_PORT = 44772

#: Where the sandbox's egress service listens: network policy and credentials.
DEFAULT_EGRESS_PORT = 18080

__all__ = ["DEFAULT_EGRESS_PORT", "DEFAULT_EXECD_PORT"]
