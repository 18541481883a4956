"""`FilesystemSync` under the import path that programs use; see `_sync/files.py`."""

from opensandbox._sync.files import FilesystemSync as FilesystemSync
