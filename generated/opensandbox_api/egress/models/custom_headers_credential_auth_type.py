from typing import Literal

CustomHeadersCredentialAuthType = Literal["customHeaders"] | str
"""The values known when this was written; any other one passes through."""
