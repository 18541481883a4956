from typing import Literal

SessionStateProfile = Literal["balanced", "strict"] | str
"""The values known when this was written; any other one passes through."""
