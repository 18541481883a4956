from typing import Literal

DiagnosticContentResponseDelivery = Literal["inline", "url"] | str
"""The values known when this was written; any other one passes through."""
