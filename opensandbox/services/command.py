"""`Commands` under the import path that programs use; see `_async/commands.py`."""

from opensandbox._async.commands import Commands as Commands
