"""Both connection configs under the import path that programs use."""

from opensandbox._async.config import ConnectionConfig as ConnectionConfig
from opensandbox._sync.config import ConnectionConfigSync as ConnectionConfigSync
