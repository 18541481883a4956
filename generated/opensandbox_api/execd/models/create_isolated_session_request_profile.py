from typing import Literal

CreateIsolatedSessionRequestProfile = Literal["balanced", "strict"] | str
"""The values known when this was written; any other one passes through."""
