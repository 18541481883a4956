from typing import Literal

ApiKeyCredentialAuthType = Literal["apiKey"] | str
"""The values known when this was written; any other one passes through."""
