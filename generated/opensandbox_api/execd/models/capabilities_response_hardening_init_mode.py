from typing import Literal

CapabilitiesResponseHardeningInitMode = Literal["none", "pid1", "subreaper"] | str
"""The values known when this was written; any other one passes through."""
