from typing import Literal

BearerCredentialAuthType = Literal["bearer"] | str
"""The values known when this was written; any other one passes through."""
