from typing import Literal

FsbTemplateFormat = Literal["native", "overlaybd"] | str
"""The values known when this was written; any other one passes through."""
