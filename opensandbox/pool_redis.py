"""Both stores in Redis under the import path that programs use; see `_async/pool_redis.py`."""

from opensandbox._async.pool_redis import AsyncRedisPoolStateStore as AsyncRedisPoolStateStore
from opensandbox._sync.pool_redis import RedisPoolStateStore as RedisPoolStateStore
