"""Isolated sessions under the import path that programs use; see `_async/isolation.py`."""

from opensandbox._async.isolation import IsolationService as IsolationService
from opensandbox._async.isolation import IsolationSession as IsolationSession

#: The same under another name that programs know.
IsolationServiceMixin = IsolationService
