"""The watch-list: reads and checks the file that declares the sources.

In: a YAML file with ``sources`` (a list), ``layouts`` (named, for several court lists) and ``defaults`` (fields
that hold for every source which does not say otherwise). Out: ``Watchlist``. Raises ``InvalidWatchlist``, which
lists every mistake with file, line and field: with one mistake in it, nothing of a watch-list is used. The night
alone reads it otherwise (``read_usable``): a mistake in one source's entry costs that source, and no other.
Entries that people added elsewhere are read as if they stood behind those of the file, with its defaults and
layouts. Where the file has the same source, the file counts, and ``set_aside`` says so.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crawlers.extensions.folder import ExtensionFolder
from crawlers.watchlist.schema import LayoutEntry, SourceEntry, entry_models, sentence, source_of
from crawlers.watchlist.source import (
    Expectation,
    Source,
    SourceLimits,
    source_for_urls,
)
from crawlers.watchlist.step_code import read_step_code
from crawlers.watchlist.yaml_lines import MOST_BYTES, YamlError, YamlWithLines, load_with_lines
from processors.extension.code import ExtensionFault, parse_reference
from processors.kinds import SourceKind
from processors.tables.layout import Layout

__all__ = [
    "AddedEntry",
    "Expectation",
    "InvalidWatchlist",
    "Source",
    "SourceKind",
    "SourceLimits",
    "UsableWatchlist",
    "Watchlist",
    "WatchlistProblem",
    "read_usable",
    "read_watchlist",
    "source_for_urls",
]

Entry = TypeVar("Entry", bound=BaseModel)

DEFAULTABLE = frozenset(
    {
        "access_label",
        "consent",
        "delay_s",
        "egress",
        "engine",
        "legal_basis",
        "limits",
        "renderings",
        "reread_days",
        "review_by",
        "robots",
    }
)
"""What ``defaults`` may set: what no source needs to differ in."""


@dataclass(frozen=True, slots=True)
class WatchlistProblem:
    """One thing wrong in a watch-list. ``field`` is a path such as ``sources[2].limits.pages``, or None."""

    file: Path
    line: int
    field: str | None
    message: str
    origin: str | None = None
    """Of an entry that does not stand in the file: which it is."""

    def __str__(self) -> str:
        where, place = f"{self.file}:{self.line}: ", self.field
        if self.origin is not None:
            where, place = f"{self.origin}: ", re.sub(r"^sources\[\d+\]\.?", "", self.field or "") or None
        return f"{where}{self.message}" if place is None else f"{where}{place}: {self.message}"


class InvalidWatchlist(Exception):
    """The watch-list cannot be used; every mistake listed has to be corrected."""

    def __init__(self, mistakes: tuple[WatchlistProblem, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class AddedEntry:
    """An entry that does not stand in the file. ``values`` has its fields; ``origin`` says which it is."""

    values: Mapping[str, Any]
    origin: str


@dataclass(frozen=True, slots=True)
class Watchlist:
    """The sources in the order of the file, then the added ones, and the layouts that the file names.

    ``set_aside``: ids of added entries that do not count, each with the reason.
    """

    sources: tuple[Source, ...]
    layouts: Mapping[str, Layout]
    set_aside: Mapping[str, str] = field(default_factory=dict)

    def source(self, source_id: str) -> Source:
        """The source with this id; raises ``KeyError`` where there is none."""
        for source in self.sources:
            if source.id == source_id:
                return source
        raise KeyError(source_id)


@dataclass(frozen=True, slots=True)
class UsableWatchlist:
    """The sources whose entries hold no mistake, and the mistakes of each other entry.

    ``names`` are the entries in the order of the file, then the added ones; ``broken`` maps some of them to their
    mistakes. An entry is named by its id where it has one of its own, else by its place (``sources[2]``).
    """

    names: tuple[str, ...]
    sources: Mapping[str, Source]
    broken: Mapping[str, tuple[WatchlistProblem, ...]]
    set_aside: Mapping[str, str] = field(default_factory=dict)


def read_watchlist(
    path: Path,
    *,
    egress: Collection[str] | None = None,
    extensions: ExtensionFolder | None = None,
    added: Sequence[AddedEntry] = (),
) -> Watchlist:
    """Read the file; raises ``InvalidWatchlist`` on anything that is not as it should be.

    ``egress`` names the egress profiles there are, ``extensions`` is where operators' own code comes from; None
    leaves that question to whoever crawls.
    """
    reader = _read(path, egress, extensions, added)
    if reader.mistakes:
        raise InvalidWatchlist(_by_line(reader.mistakes))
    sources = tuple(source for _, source in reader.sources if source is not None)
    return Watchlist(sources, reader.layouts, reader.set_aside)


def read_usable(
    path: Path,
    *,
    egress: Collection[str] | None = None,
    extensions: ExtensionFolder | None = None,
    added: Sequence[AddedEntry] = (),
) -> UsableWatchlist:
    """Read what can be used of the file; raises ``InvalidWatchlist`` where a mistake stands outside of
    ``sources``.

    Defaults and layouts hold for many sources: where one of them is wrong (an egress profile, for example), none
    may go on.
    """
    reader = _read(path, egress, extensions, added)
    by_entry: dict[int, list[WatchlistProblem]] = {}
    for mistake in reader.mistakes:
        place = re.match(r"sources\[(\d+)\]", mistake.field or "")
        if place is None:
            raise InvalidWatchlist(_by_line(reader.mistakes))
        by_entry.setdefault(int(place[1]), []).append(mistake)
    names: list[str] = []
    sources: dict[str, Source] = {}
    broken: dict[str, tuple[WatchlistProblem, ...]] = {}
    for index, (source_id, source) in enumerate(reader.sources):
        own = (
            source_id is not None
            and source_id not in names
            and re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", source_id)
        )
        name = source_id if own and source_id is not None else f"sources[{index}]"
        names.append(name)
        if source is None or index in by_entry:
            broken[name] = _by_line(by_entry.get(index, ()))
        else:
            sources[name] = source
    return UsableWatchlist(tuple(names), sources, broken, reader.set_aside)


def _by_line(mistakes: Iterable[WatchlistProblem]) -> tuple[WatchlistProblem, ...]:
    return tuple(sorted(mistakes, key=lambda mistake: mistake.line))


def _read(
    path: Path,
    egress: Collection[str] | None,
    extensions: ExtensionFolder | None,
    added: Sequence[AddedEntry],
) -> "_WatchlistReader":
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise YamlError(1, f"the file is longer than {MOST_BYTES} bytes, as far as a watch-list is read")
        placed = load_with_lines(content.decode("utf-8"))
    except OSError as error:
        raise InvalidWatchlist((WatchlistProblem(path, 1, None, f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise InvalidWatchlist((WatchlistProblem(path, 1, None, f"is not UTF-8: {error.reason}"),)) from error
    except YamlError as error:
        raise InvalidWatchlist((WatchlistProblem(path, error.line, None, error.message),)) from error
    reader = _WatchlistReader(path, placed, egress, extensions, added)
    reader.read()
    return reader


class _WatchlistReader:
    """Walks one file once and gathers mistakes instead of stopping at the first."""

    def __init__(
        self,
        file: Path,
        placed: YamlWithLines,
        egress: Collection[str] | None,
        extensions: ExtensionFolder | None,
        added: Sequence[AddedEntry],
    ) -> None:
        self._added = added
        self._origins: dict[int, str] = {}
        self.set_aside: dict[str, str] = {}
        self._file = file
        self._egress = egress
        self._extensions = extensions
        self._placed = placed
        self.mistakes: list[WatchlistProblem] = []
        self.layouts: dict[str, Layout] = {}
        self.sources: list[tuple[str | None, Source | None]] = []
        for path, line in placed.repeated:
            self.mistakes.append(WatchlistProblem(file, line, field_name(path), "stands here a second time"))

    def _wrong(self, path: tuple[str | int, ...], message: str) -> None:
        line = self._placed.line_of(path)
        origin = self._origins.get(path[1]) if path[:1] == ("sources",) and isinstance(path[1], int) else None
        self.mistakes.append(WatchlistProblem(self._file, line, field_name(path) or None, message, origin))

    def read(self) -> None:
        """Fill ``layouts``, ``sources`` (the id of each entry, and what it declares) and ``mistakes``."""
        top = self._placed.value
        if not isinstance(top, dict) or not isinstance(top.get("sources"), list) or not top["sources"]:
            self._wrong((), "expected `sources:` with at least one source")
            return
        for key in top.keys() - {"sources", "layouts", "defaults"}:
            self._wrong((str(key),), "unknown field; known here: defaults, layouts, sources")
        self.layouts = dict(self._layouts(top.get("layouts")))
        defaults = self._defaults(top.get("defaults"))
        first_line: dict[str, int] = {}
        channels: dict[str, str] = {}
        for index, raw in enumerate(top["sources"]):
            source = self._source(("sources", index), raw, defaults, self.layouts)
            if isinstance(raw, dict) and isinstance(raw.get("id"), str):
                place = ("sources", index, "id")
                line = self._placed.line_of(place)
                if first_line.setdefault(raw["id"], line) != line:
                    self._wrong(place, f"{raw['id']!r} is taken, see line {first_line[raw['id']]}")
            source_id = raw.get("id") if isinstance(raw, dict) else None
            if source is not None and source.channel is not None:
                other = channels.setdefault(source.channel.lower(), source.id)
                if other != source.id:
                    found = f"{source.channel!r} is collected by the source {other!r} already"
                    self._wrong(("sources", index, "channel"), f"{found}: one channel is one source")
            self.sources.append((source_id if isinstance(source_id, str) else None, source))
        self._read_added(defaults, channels)

    def _read_added(self, defaults: Mapping[str, Any], channels: dict[str, str]) -> None:
        """Read the added entries that name no source of the file again."""
        in_file = {source_id for source_id, _ in self.sources}
        for entry in self._added:
            source_id = str(entry.values.get("id"))
            if source_id in in_file:
                self.set_aside[source_id] = "the file has an entry of this id, which counts"
                continue
            index = len(self.sources)
            self._origins[index] = entry.origin
            source = self._source(("sources", index), dict(entry.values), defaults, self.layouts)
            other = None if source is None or source.channel is None else channels.get(source.channel.lower())
            if other is not None:
                self.set_aside[source_id] = f"the channel is collected by the source {other!r}, which counts"
                continue
            if source is not None and source.channel is not None:
                channels[source.channel.lower()] = source.id
            self.sources.append((source_id, source))

    def _layouts(self, raw: object) -> Iterator[tuple[str, Layout]]:
        if raw is None:
            return
        if not isinstance(raw, dict):
            self._wrong(("layouts",), "expected names, each with its layout")
            return
        for name, value in raw.items():
            entry = self._valid(LayoutEntry, ("layouts", str(name)), value)
            if entry is not None:
                yield str(name), entry.layout(str(name))

    def _defaults(self, raw: object) -> dict[str, Any]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self._wrong(("defaults",), "expected fields of its own")
            return {}
        for key in raw.keys() - DEFAULTABLE:
            self._wrong(("defaults", str(key)), f"has no default; known here: {', '.join(sorted(DEFAULTABLE))}")
        known = {key: value for key, value in raw.items() if key in DEFAULTABLE}
        self._known_egress(("defaults",), known)
        # Checked once here, so that a mistake in a default is named where it stands and not at every source.
        return known if self._valid(SourceEntry, ("defaults",), {"id": "defaults", **known}) is not None else {}

    def _source(
        self, path: tuple[str | int, ...], raw: object, defaults: Mapping[str, Any], layouts: Mapping[str, Layout]
    ) -> Source | None:
        if not isinstance(raw, dict):
            self._wrong(path, "expected a source with id and kind")
            return None
        stated = raw.get("kind")
        kind = stated.replace("-", "_") if isinstance(stated, str) else None
        merged = {**defaults, **raw, "kind": kind}
        if kind not in entry_models():
            found = "missing" if stated is None else f"unknown kind {stated!r}"
            self._wrong((*path, "kind"), f"{found}; known kinds: {', '.join(entry_models())}")
            self._mistakes_besides_kind(path, {**merged, "kind": stated})
            return None
        if isinstance(merged.get("limits"), dict):
            merged["limits"] = {**defaults.get("limits", {}), **merged["limits"]}
        declared, layout = raw.get("layout"), None
        if isinstance(declared, dict):
            own = self._valid(LayoutEntry, (*path, "layout"), declared)
            merged["layout"], layout = "own", own.layout(str(raw.get("id"))) if own is not None else None
        elif isinstance(declared, str):
            layout = layouts.get(declared)
            if layout is None:
                self._wrong((*path, "layout"), f"no layout {declared!r}; declared: {', '.join(layouts) or 'none'}")
        self._known_egress(path, raw)
        entry = self._valid(entry_models()[kind], path, merged)
        if entry is None:
            return None
        self._known_extension(path, raw)
        return self._with_code(path, source_of(entry, layout))

    def _mistakes_besides_kind(self, path: tuple[str | int, ...], raw: Mapping[str, Any]) -> None:
        """What else is wrong with an entry whose kind is unknown, as far as that does not depend on the kind.

        A slip of the pen is read as the kind that was meant; otherwise fields that only some kinds have are left.
        """
        meant = difflib.get_close_matches(str(raw.get("kind")).lower(), entry_models(), 1)
        if meant:
            self._valid(entry_models()[meant[0]], path, {**raw, "kind": meant[0]})
            return
        of_kinds = {name for entry in entry_models().values() for name in entry.model_fields} - set(
            SourceEntry.model_fields
        )
        common = {name: value for name, value in raw.items() if name not in of_kinds}
        self._valid(SourceEntry, path, common)
        self._known_egress(path, raw)

    def _known_egress(self, path: tuple[str | int, ...], raw: Mapping[str, Any]) -> None:
        name = raw.get("egress")
        if self._egress is not None and isinstance(name, str) and name.isidentifier() and name not in self._egress:
            self._wrong(
                (*path, "egress"), f"no egress profile {name!r}; this machine has: {', '.join(self._egress)}"
            )

    def _known_extension(self, path: tuple[str | int, ...], raw: Mapping[str, Any]) -> None:
        for name in ("parser", "spider"):
            if self._extensions is None or raw.get(name) is None:
                continue
            try:
                self._extensions.require_class(parse_reference(raw[name]))
            except ExtensionFault as fault:
                self._wrong((*path, name), str(fault))

    def _with_code(self, path: tuple[str | int, ...], source: Source) -> Source:
        """The source with the text of each file that its steps name."""
        steps = []
        for index, step in enumerate(source.steps or ()):
            try:
                code = read_step_code(self._file.parent, step.target) if step.action == "python" else None
                steps.append(replace(step, code=code))
            except ValueError as fault:
                self._wrong((*path, "steps", index, "python"), str(fault))
        return source if not steps else replace(source, steps=tuple(steps))

    def _valid(self, model: type[Entry], path: tuple[str | int, ...], raw: object) -> Entry | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                self._wrong((*path, *found["loc"]), sentence(found, model))
            return None


def field_name(path: tuple[str | int, ...]) -> str:
    """``("sources", 2, "limits", "pages")`` as people write it: ``sources[2].limits.pages``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
