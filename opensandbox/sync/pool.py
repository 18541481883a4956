"""`SandboxPoolSync` under the import path that programs use; see `_sync/pool.py`."""

from opensandbox._sync.pool import SandboxPoolSync as SandboxPoolSync
from opensandbox._wire.pool_plans import WARMUP_COMMIT_SPAN as WARMUP_COMMIT_SPAN
from opensandbox._wire.pool_plans import WARMUP_CREATE_SPAN as WARMUP_CREATE_SPAN
from opensandbox._wire.pool_plans import (
    WARMUP_POST_PREPARE_CHECK_SPAN as WARMUP_POST_PREPARE_CHECK_SPAN,
)
from opensandbox._wire.pool_plans import WARMUP_PREPARE_SPAN as WARMUP_PREPARE_SPAN
from opensandbox._wire.pool_plans import WARMUP_READINESS_CHECK_SPAN as WARMUP_READINESS_CHECK_SPAN
from opensandbox._wire.pool_plans import WARMUP_RENEW_SPAN as WARMUP_RENEW_SPAN
