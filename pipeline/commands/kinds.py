"""Kinds as people type them: `court-list` and `court_list` are one name."""

from collections.abc import Callable, Iterable
from typing import Final

import typer

from processors.records.own_record import is_own_kind

VERIFICATION_STATUSES: Final = ("unverified", "in_work", "verified", "refuted", "disputed")
"""As `storage.ledger.assessments.VerificationStatus` has them, which takes long to import."""


def one_of(names: Callable[[], Iterable[str]], *, or_own: bool = False) -> Callable[[str], str]:
    """A parser of arguments: gives the name in its own spelling; raises `typer.BadParameter` for any other.

    ``names`` is asked when there is something to parse, since kinds may be added until then. With ``or_own``, a
    kind that an operator declares (``extension.kind``) is one, too.
    """

    def parsed(text: str) -> str:
        known = tuple(names())
        for name in known:
            if name.replace("-", "_") == text.strip().lower().replace("-", "_"):
                return name
        if or_own and is_own_kind(text):
            return text
        raise typer.BadParameter(f"expected one of {', '.join(known)}, found {text!r}")

    return parsed
