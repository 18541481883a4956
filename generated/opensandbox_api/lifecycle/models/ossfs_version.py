from typing import Literal

OSSFSVersion = Literal["1.0", "2.0"] | str
"""The values known when this was written; any other one passes through."""
