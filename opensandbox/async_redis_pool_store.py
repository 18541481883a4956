"""`AsyncRedisPoolStateStore` where programs look for it; see `_async/pool_redis.py`."""

from opensandbox._async.pool_redis import AsyncRedisPoolStateStore as AsyncRedisPoolStateStore
