from typing import Literal

EnvPassthroughSpecMode = Literal["allow", "deny"] | str
"""The values known when this was written; any other one passes through."""
