from typing import Literal

PlatformSpecOs = Literal["linux", "windows"] | str
"""The values known when this was written; any other one passes through."""
