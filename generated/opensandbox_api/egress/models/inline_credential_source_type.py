from typing import Literal

InlineCredentialSourceType = Literal["inline"] | str
"""The values known when this was written; any other one passes through."""
