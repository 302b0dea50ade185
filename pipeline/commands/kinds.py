"""Kinds as people type them: `court-list` and `court_list` are one name."""

from collections.abc import Callable, Iterable

import typer


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """A parser of arguments: gives the name in its own spelling; raises `typer.BadParameter` for any other."""
    known = tuple(names)

    def parsed(text: str) -> str:
        for name in known:
            if name.replace("-", "_") == text.strip().lower().replace("-", "_"):
                return name
        raise typer.BadParameter(f"{text!r} is no kind; known kinds: {', '.join(known)}")

    return parsed
