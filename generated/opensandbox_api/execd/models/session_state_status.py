from typing import Literal

SessionStateStatus = Literal["active", "dead", "destroyed"] | str
"""The values known when this was written; any other one passes through."""
