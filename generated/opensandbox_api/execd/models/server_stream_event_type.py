from typing import Literal

ServerStreamEventType = (
    Literal[
        "error",
        "execution_complete",
        "execution_count",
        "init",
        "ping",
        "result",
        "status",
        "stderr",
        "stdout",
    ]
    | str
)
"""The values known when this was written; any other one passes through."""
