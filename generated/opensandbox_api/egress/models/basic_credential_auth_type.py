from typing import Literal

BasicCredentialAuthType = Literal["basic"] | str
"""The values known when this was written; any other one passes through."""
