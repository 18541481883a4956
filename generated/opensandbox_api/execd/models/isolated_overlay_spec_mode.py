from typing import Literal

IsolatedOverlaySpecMode = Literal["overlay", "ro", "rw"] | str
"""The values known when this was written; any other one passes through."""
