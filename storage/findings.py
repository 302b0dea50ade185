"""What looking at one thing came to: every mismatch, with what was expected and what was found, and remarks."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What was expected and what was found."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class VerificationRemark:
    """What is as expected, and yet a person may want to know."""

    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """One thing that was looked at; ``problems`` is empty where all is well."""

    subject: str
    problems: tuple[Mismatch, ...] = field(default=())
    remarks: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verified(subject: str, found: Iterable[Mismatch | VerificationRemark]) -> Verified:
    """What was found, mismatches and remarks apart."""
    listed = list(found)
    problems = tuple(each for each in listed if isinstance(each, Mismatch))
    return Verified(subject, problems, tuple(each.text for each in listed if isinstance(each, VerificationRemark)))
