"""What came of one case of the matrix."""

from __future__ import annotations

import traceback

from attrs import define, field


@define
class Report:
    """One case, and what was not as it should be."""

    call: str
    fault: str
    #: How many of the requests reached the server, and whether the fault struck at all.
    reached: int = 0
    struck: bool = False
    #: What the call raised; None when it succeeded.
    error: BaseException | None = None
    #: How many sandboxes nobody could know of.
    lost: int = 0
    problems: list[str] = field(factory=list)

    def says(self, problem: str, error: BaseException | None = None) -> None:
        """Write down what is not right."""
        if error is not None:
            lines = traceback.format_exception(error)
            problem = f"{problem}\n{''.join(lines[-12:])}"
        self.problems.append(problem)

    def __str__(self) -> str:
        return f"{self.call} | {self.fault}: " + "; ".join(self.problems)
