"""`Sandbox` under the import path that programs use; the truth is in `_async/sandbox.py`."""

from opensandbox._async.sandbox import Sandbox as Sandbox
from opensandbox.constants import DEFAULT_EGRESS_PORT as DEFAULT_EGRESS_PORT
from opensandbox.constants import DEFAULT_EXECD_PORT as DEFAULT_EXECD_PORT
