"""Isolated sessions under the import path that programs use; see `_sync/isolation.py`."""

from opensandbox._sync.isolation import IsolationServiceSync as IsolationServiceSync
from opensandbox._sync.isolation import IsolationSessionSync as IsolationSessionSync

#: The same under other names that programs know.
IsolationServiceSyncMixin = IsolationServiceMixinSync = IsolationServiceSync
