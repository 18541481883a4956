from typing import Literal

MetricsEventEventType = Literal["sandbox.create"] | str
"""The values known when this was written; any other one passes through."""
