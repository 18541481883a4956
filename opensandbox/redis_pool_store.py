"""`RedisPoolStateStore` under the import path that programs use; see `_sync/pool_redis.py`."""

from opensandbox._sync.pool_redis import RedisPoolStateStore as RedisPoolStateStore
