from typing import Literal

NetworkPolicyDefaultAction = Literal["allow", "deny"] | str
"""The values known when this was written; any other one passes through."""
