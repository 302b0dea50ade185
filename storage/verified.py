"""What looking at one thing came to: every mismatch, with what was expected and what was found."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What was expected and what was found."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Verified:
    """One thing that was looked at; ``problems`` is empty where all is well."""

    subject: str
    problems: tuple[Mismatch, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
