from typing import Literal

PlatformSpecArch = Literal["amd64", "arm64"] | str
"""The values known when this was written; any other one passes through."""
