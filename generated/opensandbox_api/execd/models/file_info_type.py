from typing import Literal

FileInfoType = Literal["directory", "file", "other", "symlink"] | str
"""The values known when this was written; any other one passes through."""
