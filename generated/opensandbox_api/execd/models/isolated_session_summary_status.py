from typing import Literal

IsolatedSessionSummaryStatus = Literal["active", "dead", "destroyed"] | str
"""The values known when this was written; any other one passes through."""
