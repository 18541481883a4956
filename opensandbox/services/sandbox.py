"""`Sandboxes` under the import path that programs use; see `_async/lifecycle.py`."""

from opensandbox._async.lifecycle import Sandboxes as Sandboxes
