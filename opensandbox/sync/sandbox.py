"""`SandboxSync` under the import path that programs use; see `_sync/sandbox.py`."""

from opensandbox._sync.sandbox import SandboxSync as SandboxSync
from opensandbox.constants import DEFAULT_EGRESS_PORT as DEFAULT_EGRESS_PORT
from opensandbox.constants import DEFAULT_EXECD_PORT as DEFAULT_EXECD_PORT
