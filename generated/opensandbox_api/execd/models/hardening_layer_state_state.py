from typing import Literal

HardeningLayerStateState = Literal["active", "degraded", "disabled", "unsupported"] | str
"""The values known when this was written; any other one passes through."""
