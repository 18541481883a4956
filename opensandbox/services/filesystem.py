"""`Filesystem` under the import path that programs use; see `_async/files.py`."""

from opensandbox._async.files import Filesystem as Filesystem
