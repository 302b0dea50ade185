"""Full-text search over records.

In: what a person typed: words, ``"phrases"``, ``-without``, ``or``. Out: each record once, in the newest wording
that matches, best first. Russian words match in every form (Snowball); PostgreSQL has no stemmer for Belarusian
and Ukrainian, so words of every language also match by their beginning; where nothing matches, look-alikes do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from storage.catalogue_tables import records, sightings, versions
from storage.records import SeenRecord, seen_record
from storage.visibility import EVERYONE, Viewer, visible_to

WORD: Final = re.compile(r"[^\W_]+")
WHOLE_BELOW: Final = 4
"""Words this short are no beginnings of others: endings are cut off longer ones only."""
LONG_FROM: Final = 6
MARKS: Final = "StartSel=«, StopSel=», MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter= … "


@dataclass(frozen=True, slots=True)
class Found:
    """A record that matches; ``excerpt`` has the words that matched between « and »."""

    seen: SeenRecord
    excerpt: str
    rank: float


def search_records(
    connection: Connection,
    text: str,
    *,
    viewer: Viewer = EVERYONE,
    limit: int = 50,
    kind: str | None = None,
    source_id: str | None = None,
) -> Iterator[Found]:
    """Records that match, best first; among equals the newest."""
    query = _query(text)
    by_words = versions.c.words.bool_op("@@")(query), func.ts_rank(versions.c.words, query)
    by_likeness = literal(text).bool_op("<%")(versions.c.text), func.word_similarity(text, versions.c.text)
    for condition, rank in (by_words, by_likeness):
        asked = _asked(condition, rank, query, viewer, limit, kind, source_id)
        rows = connection.execute(asked).all()
        if rows:
            break
    return (Found(seen_record(row), row.excerpt, float(row.rank)) for row in rows)


def beginnings(text: str) -> str | None:
    """A tsquery of the words' beginnings, endings cut off; None where quotes or exclusions ask for exact words."""
    if re.search(r"\"|(^|\s)-", text):
        return None
    words = [word.lower() for word in WORD.findall(text) if word.lower() != "or"]
    return " & ".join(f"{_without_ending(word)}:*" for word in words) or None


def _without_ending(word: str) -> str:
    if len(word) < WHOLE_BELOW or not word.isalpha():
        return word
    return word[:-2] if len(word) >= LONG_FROM else word[:-1]


def _query(text: str) -> ColumnElement[Any]:
    query = func.websearch_to_tsquery("russian", text).op("||")(func.websearch_to_tsquery("simple", text))
    begun = beginnings(text)
    return query if begun is None else query.op("||")(func.to_tsquery("simple", begun))


def _asked(
    condition: ColumnElement[bool],
    rank: ColumnElement[Any],
    query: ColumnElement[Any],
    viewer: Viewer,
    limit: int,
    kind: str | None,
    source_id: str | None,
) -> Select[Any]:
    shown = sightings.c.version_id == versions.c.id
    newest_of_version = (
        select(sightings)
        .where(shown, visible_to(viewer, sightings.c.access_label))
        .where(true() if source_id is None else sightings.c.source_id == source_id)
        .order_by(sightings.c.captured_at.desc(), sightings.c.capture_id)
        .limit(1)
        .lateral("seen")
    )
    seen = newest_of_version.c
    matching = (
        select(
            versions.c.record_id,
            versions.c.id.label("version_id"),
            versions.c.kind,
            versions.c.content.label("version"),
            versions.c.text,
            seen.content.label("besides"),
            seen.capture_id,
            seen.captured_at,
            seen.source_id,
            rank.label("rank"),
        )
        .join(newest_of_version, true())
        .where(condition, true() if kind is None else versions.c.kind == kind)
        .ext(distinct_on(versions.c.record_id))
        .order_by(versions.c.record_id, seen.captured_at.desc(), versions.c.id)
        .subquery("matching")
    )
    best = (
        select(matching).order_by(matching.c.rank.desc(), matching.c.captured_at.desc(), matching.c.record_id)
    ).limit(limit)
    few = best.subquery("few")
    excerpt = func.ts_headline("russian", few.c.text, query, MARKS)
    return (
        select(few, records.c.natural_key, excerpt.label("excerpt"))
        .join(records, records.c.id == few.c.record_id)
        .order_by(few.c.rank.desc(), few.c.captured_at.desc(), few.c.record_id)
    )
