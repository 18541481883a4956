"""`CommandsSync` under the import path that programs use; see `_sync/commands.py`."""

from opensandbox._sync.commands import CommandsSync as CommandsSync
