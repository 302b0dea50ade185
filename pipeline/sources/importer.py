"""Brings the lines of a list of sources into the watch-list, which keeps every byte it had.

In: a CSV file, the watch-list's path. Out: what became of each line. New entries are set behind the last entry of
``sources``, and the file that comes of it is read and checked before it takes the old one's place; comments, order
and spelling of what was there are not touched. Raises `ImportRefused`, after which the watch-list is as it was.
"""

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist
from crawlers.watchlist.yaml_lines import YamlError, load_with_lines
from pipeline.sources.line_parser import Line, NewSource, read_lines
from processors.markup.encoding import decode

HEADER: Final = (
    "# The watch-list: which sources are collected every night. Fields: see the project's watchlist.yaml.\n"
)


class ImportRefused(Exception):
    """The list or the watch-list cannot be used as it is; nothing was changed. Whoever keeps them mends them."""


def import_sources(csv_file: Path, watchlist: Path, *, write: bool) -> tuple[Line, ...]:
    """Read the lines, and with ``write`` append the new sources."""
    before = _text(watchlist) if watchlist.exists() else HEADER
    known = _entries(before, watchlist)
    try:
        lines = tuple(read_lines(_list_text(csv_file), known))
    except csv.Error as error:
        raise ImportRefused(f"{csv_file}: is not a list of lines and columns ({error}); save it as CSV") from error
    new = [line.entry for line in lines if isinstance(line, NewSource)]
    if new and write:
        _replace(watchlist, appended(before, new))
    return lines


def appended(text: str, entries: Iterable[Mapping[str, Any]]) -> str:
    """The watch-list with the entries behind its last one; raises `ImportRefused` where it has no such place."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    listed = None
    if isinstance(root, yaml.MappingNode):
        listed = next((value for key, value in root.value if key.value == "sources"), None)
    if listed is None:
        return f"{_ended(text)}\nsources:\n{_written(entries, 2)}"
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style or not listed.value:
        line = listed.start_mark.line + 1
        raise ImportRefused(f"line {line}: expected `sources:` with one entry per line below it (- id: ...)")
    lines = _ended(text).splitlines(keepends=True)
    at = _last_line(listed.value[-1]) + 1
    return "".join((*lines[:at], _written(entries, listed.start_mark.column), *lines[at:]))


def _last_line(node: yaml.Node) -> int:
    """The line, from 0, in which the node's last word stands; a comment behind it belongs to it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    ends_before_line = node.end_mark.column == 0 and node.end_mark.line > node.start_mark.line  # text blocks do
    line: int = node.end_mark.line - ends_before_line
    return line


def _written(entries: Iterable[Mapping[str, Any]], column: int) -> str:
    """Each entry as people write it, the dash in the given column."""
    indent = " " * column
    blocks = []
    for entry in entries:
        plain = yaml.safe_dump(
            dict(entry), allow_unicode=True, sort_keys=False, default_flow_style=None, width=1000
        )
        first, *rest = plain.rstrip("\n").splitlines()
        blocks.append("\n".join((f"\n{indent}- {first}", *(f"{indent}  {line}" for line in rest))))
    return "\n".join(blocks) + "\n"


def _replace(watchlist: Path, text: str) -> None:
    """Put the file in place once it was read without a mistake."""
    draft = watchlist.with_name(f".{watchlist.name}.draft")
    mode = watchlist.stat().st_mode & 0o777 if watchlist.exists() else 0o644
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        read_watchlist(draft)
        draft.replace(watchlist)
    except InvalidWatchlist as errors:
        message = str(errors).replace(str(draft), str(watchlist))
        raise ImportRefused(f"The watch-list would have mistakes, and was not changed:\n{message}") from errors
    finally:
        draft.unlink(missing_ok=True)


def _entries(text: str, watchlist: Path) -> list[Mapping[str, Any]]:
    try:
        if load_with_lines(text).value is None:
            return []
    except YamlError as mistake:
        raise ImportRefused(f"The watch-list has mistakes; mend them first:\n{watchlist}: {mistake}") from mistake
    try:
        read_watchlist(watchlist)
    except InvalidWatchlist as errors:
        raise ImportRefused(f"The watch-list has mistakes; mend them first:\n{errors}") from errors
    listed: list[Mapping[str, Any]] = yaml.safe_load(text)["sources"]
    return listed


def _text(path: Path) -> str:
    """The watch-list's text, which is UTF-8."""
    try:
        return _content(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{path}: is not UTF-8 ({error.reason}); save it as UTF-8") from error


def _list_text(path: Path) -> str:
    """The list's text: spreadsheets save lists as UTF-8, as UTF-16, or in the encoding of their country."""
    text = decode(_content(path)).text.removeprefix("\ufeff")
    if "\ufffd" in text:
        raise ImportRefused(f"{path}: is no text in an encoding that can be told; save it as UTF-8")
    return text


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read: {error.strerror}") from error


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
