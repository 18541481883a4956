from typing import Literal

DiagnosticContentResponseKind = Literal["events", "logs"] | str
"""The values known when this was written; any other one passes through."""
