from typing import Literal

AllocationSummaryMode = Literal["pool"] | str
"""The values known when this was written; any other one passes through."""
