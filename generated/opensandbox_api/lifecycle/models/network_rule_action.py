from typing import Literal

NetworkRuleAction = Literal["allow", "deny"] | str
"""The values known when this was written; any other one passes through."""
