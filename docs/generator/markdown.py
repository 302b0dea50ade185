"""Markdown as text: cells, tables and paragraphs of the generated pages."""

import inspect
import re
from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Text that may stand in a cell of a table: one line, with its bars escaped, except in code."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(each if each.startswith("`") else each.replace("|", r"\|") for each in pieces)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a line for each row; every row has as many cells as there are heads."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def from_docstring(text: str | None) -> str:
    """A docstring as Markdown: its double backticks become single ones."""
    return re.sub(r"``([^`]+)``", r"`\1`", inspect.cleandoc(text or ""))


def code(text: object) -> str:
    """A value as code."""
    return f"`{text}`"
