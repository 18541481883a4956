from typing import Literal

SessionStateUidMode = Literal["setpriv", "userns"] | str
"""The values known when this was written; any other one passes through."""
