from typing import Literal

AllocationSummaryState = Literal["allocated"] | str
"""The values known when this was written; any other one passes through."""
