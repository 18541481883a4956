from typing import Literal

PassthroughCredentialAuthType = Literal["passthrough"] | str
"""The values known when this was written; any other one passes through."""
