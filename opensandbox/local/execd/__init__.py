"""The daemon inside each sandbox: it serves the execd API on a socket made outside.

Rules:
- It runs inside the sandbox and is trusted with nothing but that sandbox; its one secret, the
  access token, arrives over the control socket and is never in its arguments or environment.
- It starts programs through `spawner`, a small process forked before anything else is imported,
  so that no command ever inherits a thread, a lock or a descriptor of the daemon.
- It is imported a piece at a time: what a sandbox does not use is never loaded.
"""
