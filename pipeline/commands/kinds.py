"""Kinds as people type them: `court-list` and `court_list` are one name."""

from collections.abc import Callable, Iterable

import typer


def one_of(names: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """A parser of arguments: gives the name in its own spelling; raises `typer.BadParameter` for any other.

    ``names`` is asked when there is something to parse, since kinds may be added until then.
    """

    def parsed(text: str) -> str:
        known = tuple(names())
        for name in known:
            if name.replace("-", "_") == text.strip().lower().replace("-", "_"):
                return name
        raise typer.BadParameter(f"{text!r} is no kind; known kinds: {', '.join(known)}")

    return parsed
