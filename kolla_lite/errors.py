"""The one error type for users: a place, a sentence, a remedy, an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_CHANGES_PENDING = 3
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Location:
    """Where a mistake stands: a file or a host, and where known a line and column (both from 1)."""

    name: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.name, self.line, self.column) if part is not None)


class UserError(Exception):
    """A mistake that a user can mend.

    `message` is one sentence, `where` the place, `hint` the remedy. Raised anywhere, caught once, in `cli.main`.
    """

    def __init__(
        self, message: str, where: Location | None = None, hint: str = "", exit_code: int = EXIT_BAD_INPUT
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  remedy: {self.hint}" if self.hint else head

    def as_dicts(self) -> list[dict[str, object]]:
        """The error for `--json`: one dictionary per mistake."""
        where = self.where or Location("")
        return [
            {
                "file": where.name,
                "line": where.line,
                "column": where.column,
                "message": self.message,
                "remedy": self.hint,
            }
        ]

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> UserError:
        """The error that an entry of `as_dicts` tells of."""
        where = Location(entry["file"], entry["line"], entry["column"]) if entry["file"] else None
        return cls(entry["message"], where, entry["remedy"])


class UserErrors(UserError):
    """Several mistakes found in one pass, so that a user mends them in one pass."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors: list[UserError] = []
        for error in errors:
            self.errors += error.errors if isinstance(error, UserErrors) else [error]
        super().__init__(f"{len(self.errors)} problems", exit_code=max(error.exit_code for error in self.errors))

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)

    def as_dicts(self) -> list[dict[str, object]]:
        return [entry for error in self.errors for entry in error.as_dicts()]


@contextmanager
def collecting(errors: list[UserError]) -> Iterator[None]:
    """Go on after a user's mistake in this block, and keep it for `raise_all`."""
    try:
        yield
    except UserError as error:
        errors.append(error)


def raise_all(errors: Sequence[UserError]) -> None:
    """Raise what was collected: nothing, the one error, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise UserErrors(errors)
