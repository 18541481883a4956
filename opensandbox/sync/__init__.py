"""The blocking half under the import path that programs use."""

from opensandbox._sync.manager import SandboxManagerSync as SandboxManagerSync
from opensandbox._sync.pool import SandboxPoolSync as SandboxPoolSync
from opensandbox._sync.sandbox import SandboxSync as SandboxSync
