"""The desk of a running installation behind the page Sources: adds, changes and ends sources in people's names.

In: what a person entered. Out: rows of kind ``listed_source``. Guaranteed: what is written is an entry that the
reader of the watch-list takes, with the file's defaults and layouts, as it stands behind the file at this moment;
and it says nothing that only the operator may: what runs code of theirs, weakens a check, or asks a site or this
machine for more than is polite (docs/decisions/0059-repeats.md). No refusal names a source of which the viewer may
not know. Raises `SourceRefusedError`.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from access.sources_desk import SentSource, SourceRefusedError
from crawlers.address_policy import AddressPolicy, AddressRefused
from crawlers.model.iso_time import time_text
from crawlers.watchlist.loader import AddedEntry, InvalidWatchlist, UsableWatchlist, read_usable
from crawlers.watchlist.schema import entry_models
from crawlers.watchlist.source import Source
from crawlers.watchlist.yaml_lines import YamlError, load_with_lines
from pipeline.config.listed_sources import entries_of, usable_now
from pipeline.config.settings import Settings
from pipeline.sources.line_parser import NewSource, Repeated, Unclear, places_of, read_lines
from processors.urls import host_of
from storage.access_labels import DEFAULT_LABEL, Viewer, labels_of
from storage.archive import Archive
from storage.ledger.added_sources import (
    AddedSource,
    AddedSourceError,
    add_source,
    added_sources,
    change_source,
    end_source,
)
from storage.ledger.entry import SAFE_NUMBER
from storage.postgres_text import postgres_safe_text

FOR_PEOPLE: Final = (
    "id",
    "kind",
    "publisher",
    "channel",
    "feeds",
    "sitemaps",
    "start_pages",
    "pages",
    "scope",
    "mirrors",
    "layout",
    "follow",
    "engine",
    "renderings",
    "consent",
    "video",
    "limits",
    "delay_s",
    "reread_days",
    "expect",
    "egress",
    "legal_basis",
    "review_by",
)
"""Fields that people may set. All others run code of the operator's, weaken a check or hide a source."""

NOT_OF_PEOPLE: Final = frozenset({"new-source", "on-demand", "received"})
"""Ids under which the archive itself files pages that somebody requested, tried or brought; lists and alarms leave
them out."""

SHORTEST_DELAY_S: Final = 1.0
MOST_PAGES: Final = 5000
MOST_BYTES: Final = 20_000_000_000
MOST_SECONDS: Final = 4 * 3600.0
"""A night's own task ends after six hours."""
MOST_VIDEO_MB: Final = 2000
MOST_VIDEO_S: Final = 6 * 3600.0
MOST_VIDEOS: Final = 20
"""What one added source may ask for; the operator's file may say more."""
MOST_SOURCES: Final = 1000
"""Added sources that are collected at once."""
LONGEST_SETTINGS: Final = 20_000
LONGEST_ENTRY: Final = 2 * LONGEST_SETTINGS
"""Characters of an entry as JSON: aliases of YAML make much of a few lines, and each look at the list reads it."""

HIDDEN: Final = "another source"
"""How a source is named of which the viewer may not know."""

NOTHING: Final = "Nothing was written."

UNREADABLE: Final = (
    "The watch-list's file has mistakes, which the operator mends first: `letapis sources list` names them. "
    f"{NOTHING}"
)
"""Without them: they quote the file, and not everybody may know of each of its sources."""


class AddingDesk:
    """Takes sources for the installation that ``load`` gives the settings of."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load

    def kinds(self) -> tuple[str, ...]:
        """As `access.sources_desk.SourcesDesk` has it."""
        return tuple(entry_models())

    def rows(self, archive: Archive) -> list[dict[str, Any]]:
        """As `access.sources_desk.SourcesDesk` has it."""
        return listed_rows(self._load(), added_of(archive))

    def add(self, archive: Archive, sent: SentSource, viewer: Viewer) -> Mapping[str, Any]:
        """As `access.sources_desk.SourcesDesk` has it."""
        settings, added = self._load(), added_of(archive)
        if sum(each.is_collected for each in added) >= MOST_SOURCES:
            raise SourceRefusedError(f"{MOST_SOURCES} added sources are collected already: end one. {NOTHING}")
        known = known_entries(settings, added)
        shown = _names_shown(archive, known, viewer)
        entry = _entry_of(sent, known, shown)
        _require_usable(settings, entry, known, added, shown)
        return self._written(
            settings, archive, lambda: add_source(archive, entry, actor=viewer.name, reason=sent.reason)
        )

    def change(
        self, archive: Archive, source_id: str, settings: str, seen_seq: int, viewer: Viewer
    ) -> Mapping[str, Any]:
        """As `access.sources_desk.SourcesDesk` has it."""
        loaded, added = self._load(), added_of(archive)
        entry = {"id": source_id, **_mapping(settings)}
        if entry["id"] != source_id:
            raise SourceRefusedError(
                f"id: expected {source_id}, found {entry['id']!r}: a source keeps its id. To rename it, end it "
                f"and add another. {NOTHING}"
            )
        others = [each for each in added if each.id != source_id]
        known = known_entries(loaded, others)
        _require_usable(loaded, entry, known, others, _names_shown(archive, known, viewer))
        return self._written(
            loaded, archive, lambda: change_source(archive, entry, actor=viewer.name, seen_seq=seen_seq)
        )

    def end(self, archive: Archive, source_id: str, reason: str, viewer: Viewer) -> Mapping[str, Any]:
        """As `access.sources_desk.SourcesDesk` has it."""
        return self._written(
            self._load(), archive, lambda: end_source(archive, source_id, actor=viewer.name, reason=reason)
        )

    def _written(
        self, settings: Settings, archive: Archive, write: Callable[[], AddedSource]
    ) -> Mapping[str, Any]:
        try:
            written = write()
        except AddedSourceError as refused:
            raise SourceRefusedError(str(refused)) from refused
        rows = listed_rows(settings, added_of(archive))
        return next(row for row in rows if row["id"] == written.id and row["origin"] == "added")


def added_of(archive: Archive) -> tuple[AddedSource, ...]:
    """Every source that people added."""
    with archive.reader.connect() as connection:
        return added_sources(connection)


def listed_rows(settings: Settings, added: Sequence[AddedSource]) -> list[dict[str, Any]]:
    """A row for each source of the file and for each added one; raises `SourceRefusedError` without a file."""
    listed = _usable(settings, added)
    by_id = {each.id: each for each in added}
    collected = {each.id for each in added if each.is_collected} - set(listed.set_aside)
    rows = [_row(name, listed, None) for name in listed.names if name not in collected]
    return [*rows, *(_row(each.id, listed, each) for each in by_id.values())]


def known_entries(settings: Settings, added: Sequence[AddedSource]) -> list[Mapping[str, Any]]:
    """The entries of the file and the added ones that are collected, as they were written, with the label that the
    file's defaults give them.
    """
    try:
        value = load_with_lines(settings.watchlist.read_text("utf-8")).value
    except (OSError, UnicodeDecodeError, YamlError) as problem:
        raise SourceRefusedError(UNREADABLE) from problem
    listed = value.get("sources") if isinstance(value, dict) else None
    defaults = value.get("defaults") if isinstance(value, dict) else None
    label = defaults.get("access_label") if isinstance(defaults, dict) else None
    of_file = [each for each in listed or () if isinstance(each, dict) and "id" in each]
    entries = [*of_file, *(each.entry for each in added if each.is_collected)]
    return [{"access_label": label} | dict(each) for each in entries]


def _names_shown(archive: Archive, known: Sequence[Mapping[str, Any]], viewer: Viewer) -> Mapping[str, str]:
    """How each source may be named to the viewer, by its id."""
    with archive.reader.connect() as connection:
        labels = labels_of(connection, viewer)
    return {
        str(each["id"]): f"the source {each['id']}"
        if labels is None or str(each["access_label"] or DEFAULT_LABEL) in labels
        else HIDDEN
        for each in known
    }


def _row(name: str, listed: UsableWatchlist, added: AddedSource | None) -> dict[str, Any]:
    source = None if added is not None and name in listed.set_aside else listed.sources.get(name)
    mistakes = () if added is not None and name in listed.set_aside else listed.broken.get(name, ())
    state, why = "collected", None
    if added is not None and not added.is_collected:
        state, why = "ended", added.ended_because
        source, mistakes = None, ()
    elif added is not None and name in listed.set_aside:
        state, why = "set_aside", listed.set_aside[name]
    elif mistakes:
        state, why = "broken", "\n".join(map(str, mistakes))
    entry: Mapping[str, Any] = {} if added is None else added.entry
    return {
        "kind": "listed_source",
        "id": name,
        "source_kind": source.kind if source is not None else entry.get("kind"),
        "seeds": list(source.seeds) if source is not None else _addresses(entry),
        "origin": "file" if added is None else "added",
        "state": state,
        "why": why,
        "entry": dict(entry),
        "access_label": (None if source is None else source.access_label) or DEFAULT_LABEL,
        "custody_seq": None if added is None else added.seq,
        "added_at": None if added is None else time_text(added.added_at),
        "added_by": None if added is None else added.added_by,
        "added_because": None if added is None else added.added_because,
        "changed_at": None if added is None or added.changed_at is None else time_text(added.changed_at),
        "changed_by": None if added is None else added.changed_by,
        "ended_at": None if added is None or added.ended_at is None else time_text(added.ended_at),
        "ended_by": None if added is None else added.ended_by,
    }


def _entry_of(sent: SentSource, known: Sequence[Mapping[str, Any]], shown: Mapping[str, str]) -> dict[str, Any]:
    """The entry that a form describes, read as a line of an imported list is."""
    address = sent.address.strip()
    if not address:
        raise SourceRefusedError(f"Expected a channel or a web address, found none. {NOTHING}")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("source", "kind", "id"))
    writer.writerow((address, sent.kind.strip(), sent.name.strip()))
    line = [*read_lines(text.getvalue(), known)][-1]
    if isinstance(line, Repeated):
        raise SourceRefusedError(
            f"{address} is collected by {shown.get(line.source_id, HIDDEN)} already. {NOTHING}"
        )
    if isinstance(line, Unclear):
        raise SourceRefusedError(f"{address}: {line.problem}. {NOTHING}")
    if not isinstance(line, NewSource):
        raise SourceRefusedError(f"{address}: expected a channel or a web address. {NOTHING}")
    more = {"engine": sent.engine.strip(), "publisher": sent.publisher.strip()}
    return {**line.entry, **{name: value for name, value in more.items() if value}, **_mapping(sent.settings)}


def _mapping(settings: str) -> dict[str, Any]:
    """Fields of the watch-list from YAML."""
    if len(settings) > LONGEST_SETTINGS:
        raise SourceRefusedError(f"The settings may have {LONGEST_SETTINGS} characters. {NOTHING}")
    if not settings.strip():
        return {}
    try:
        value = load_with_lines(settings)
    except YamlError as problem:
        raise SourceRefusedError(f"Settings, {problem}. {NOTHING}") from problem
    if not isinstance(value.value, dict) or not all(isinstance(name, str) for name in value.value):
        raise SourceRefusedError(f"Settings: expected fields such as `limits: {{pages: 40}}`. {NOTHING}")
    if value.repeated:
        raise SourceRefusedError(f"Settings, line {value.repeated[0][1]}: stands here a second time. {NOTHING}")
    plain: dict[str, Any] = _plain(value.value)
    return plain


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: a day is its text, as the reader of the watch-list takes it."""
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= SAFE_NUMBER:
        return value
    return postgres_safe_text(str(value))


def _require_usable(
    settings: Settings,
    entry: Mapping[str, Any],
    known: Sequence[Mapping[str, Any]],
    added: Sequence[AddedSource],
    shown: Mapping[str, str],
) -> None:
    """Raises `SourceRefusedError` with every mistake of the entry."""
    if len(json.dumps(entry, ensure_ascii=False)) > LONGEST_ENTRY:
        raise SourceRefusedError(f"The settings, written out, may have {LONGEST_ENTRY} characters. {NOTHING}")
    mistakes = [f"{name}: only the operator sets this, in the file" for name in entry if name not in FOR_PEOPLE]
    name = str(entry["id"])
    if name in NOT_OF_PEOPLE:
        mistakes.append(f"id: {name} is how the archive names what is no source; choose another")
    try:
        listed = read_usable(
            settings.watchlist,
            egress=settings.egress_names,
            extensions=settings.extension_folder,
            added=(*entries_of(added), AddedEntry(entry, "What you entered")),
        )
    except InvalidWatchlist as problem:
        raise SourceRefusedError(UNREADABLE) from problem
    mistakes += [str(each) for each in listed.broken.get(name, ())]
    if name not in listed.names and name not in listed.set_aside:  # its id is none that could be one
        mistakes += [str(each) for each in listed.broken.get(listed.names[-1], ())]
    if not mistakes:
        places = {place: str(each["id"]) for each in known for place in places_of(each)}
        taken = {shown[places[place]] for place in places_of(entry) if place in places}
        mistakes += [f"{each} collects this already" for each in sorted(taken)]
        if name in listed.set_aside and not taken:
            mistakes.append(f"id: {listed.set_aside[name]}")
    if not mistakes:
        source = listed.sources[name]
        mistakes += [*_impolite(entry, source), *_not_public(settings, source.seeds)]
    if mistakes:
        raise SourceRefusedError("\n".join((*mistakes, NOTHING)))


def _impolite(entry: Mapping[str, Any], source: Source) -> list[str]:
    """What the entry asks for beyond what people may; the file's defaults may say more."""
    found = []
    if "delay_s" in entry and source.delay_s < SHORTEST_DELAY_S:
        found.append(
            f"delay_s: expected at least {SHORTEST_DELAY_S} seconds between two requests, found {source.delay_s}"
        )
    limits = entry.get("limits") or {}
    for name, most, what in (
        ("pages", MOST_PAGES, "pages a night"),
        ("bytes", MOST_BYTES, "bytes a night"),
        ("seconds", MOST_SECONDS, "seconds a night"),
    ):
        wanted = getattr(source.limits, name)
        if name in limits and wanted > most:
            found.append(f"limits.{name}: expected at most {most:.0f} {what}, found {wanted}")
    if source.video is not None:
        for name, wanted, most in (
            ("max_mb", source.video.max_mb, MOST_VIDEO_MB),
            ("max_duration_s", source.video.max_duration_s, MOST_VIDEO_S),
            ("max_videos", source.video.max_videos, MOST_VIDEOS),
        ):
            if wanted > most:
                found.append(f"video.{name}: expected at most {most:.0f}, found {wanted}")
    return found


def _not_public(settings: Settings, seeds: Sequence[str]) -> list[str]:
    policy, found = AddressPolicy(settings.allow_addresses), []
    for url in seeds:
        try:
            policy.check_name(host_of(url))
        except AddressRefused as refused:
            found.append(f"{url} leads to {refused.address}, an address that is not public: {refused.reason}")
    return found


def _usable(settings: Settings, added: Sequence[AddedSource]) -> UsableWatchlist:
    try:
        return usable_now(settings, added)
    except InvalidWatchlist as problem:
        raise SourceRefusedError(UNREADABLE) from problem


def _addresses(entry: Mapping[str, Any]) -> list[str]:
    """The addresses of an entry that is not read: as they were written."""
    if entry.get("channel"):
        return [f"https://t.me/s/{entry['channel']}"]
    return [str(url) for name in ("feeds", "sitemaps", "start_pages", "pages") for url in entry.get(name) or ()]
