from typing import Literal

FsbTemplateStatusPhase = Literal["Building", "Failed", "Pending", "Succeeded"] | str
"""The values known when this was written; any other one passes through."""
