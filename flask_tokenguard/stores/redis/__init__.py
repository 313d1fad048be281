"""The shared store: Redis or Valkey, as one server, behind sentinels, or as a cluster.

Start at `store.RedisStore`; each atomic step is a file in `lua/`.
"""
