"""Full-text search over records.

In: a `Question`: words, ``"phrases"``, ``-without``, ``or``, and what narrows them. Out: one page of an answer,
each record once, in the newest wording that matches. Russian words match in every form (Snowball); PostgreSQL
has no stemmer for Belarusian and Ukrainian, so words of every language also match by their beginning; where
nothing matches, look-alikes do. Without words: every record that the rest lets through, by the date its source
gives. Never more than the newest `MAX_CANDIDATES` are looked at: a word that half of an archive has answers in the
same time.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, select, true

from processors.records.own_record import is_own_kind
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.records import RecordSighting, sighting_of
from storage.catalogue.tables import readings, records, sightings, versions, warcs

WORD: Final = re.compile(r"[^\W_]+")
WHOLE_BELOW: Final = 4
"""Words this short are no beginnings of others: endings are cut off longer ones only."""
LONG_FROM: Final = 6
START_MARK: Final = "\ue000"
STOP_MARK: Final = "\ue001"
"""Around words that matched; private to us, since no quotation mark is: sources quote with all of them."""

MARKS: Final = (
    f"StartSel={START_MARK}, StopSel={STOP_MARK}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter= … "
)

Order = Literal["best", "newest"]

_BEHIND_A_DAY: Final = "U"
"""Sorts behind the ``T`` of every time of a day, of the calendar's last day as well."""

BEGINNING: Final = 300
"""Characters shown of a record that no words were searched for."""

MAX_CANDIDATES: Final = 10_000
"""Wordings of one answer; ranking reads each of them whole, and nobody reads more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; None narrows nothing.

    ``since`` and ``until`` are UTC days, both included, of the date that the source gives; a record to which its
    source gives none lies between no two days.
    """

    text: str = ""
    kind: str | None = None
    source_id: str | None = None
    since: date | None = None
    until: date | None = None
    order: Order = "best"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record that matches; ``excerpt`` has the words that matched between the marks."""

    sighting: RecordSighting
    excerpt: str
    rank: float


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of what was found, and how many records there are in all.

    Not ``complete``: more match, and only the newest were looked at.
    """

    hits: tuple[SearchHit, ...]
    total: int
    complete: bool


def own_kinds(connection: Connection, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """The kinds of records that operators' parsers have read; looked for at the sources that name such a
    parser.
    """
    parser = warcs.c.declaration["parser"].astext
    sources = select(warcs.c.source_id).where(parser.is_not(None), visible_to(viewer, warcs.c.access_label))
    query = select(readings.c.kind).where(readings.c.source_id.in_(sources.distinct())).distinct()
    return tuple(sorted(kind for kind in connection.scalars(query) if is_own_kind(kind)))


def search_records(
    connection: Connection,
    question: Question,
    *,
    viewer: Viewer = EVERYONE,
    limit: int = 50,
    offset: int = 0,
) -> SearchPage:
    """Records that match, best first or newest first; among equals the newest."""
    text = question.text.strip()
    if not text:
        return _page(connection, question, (true(), literal(0.0)), None, viewer, limit, offset)
    query = _query(text)
    by_words = versions.c.words.bool_op("@@")(query), func.ts_rank(versions.c.words, query)
    by_likeness = literal(text).bool_op("<%")(versions.c.text), func.word_similarity(text, versions.c.text)
    answer = _page(connection, question, by_words, query, viewer, limit, offset)
    if answer.total or offset:
        return answer
    return _page(connection, question, by_likeness, query, viewer, limit, offset)


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


def _page(
    connection: Connection,
    question: Question,
    matched: tuple[ColumnElement[bool], ColumnElement[Any]],
    query: ColumnElement[Any] | None,
    viewer: Viewer,
    limit: int,
    offset: int,
) -> SearchPage:
    condition, rank = matched
    hits = _hits(question, condition, rank, viewer).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    ranked = question.order == "best" and query is not None
    of_record = (
        select(
            hits.c.record_id,
            func.max(hits.c.rank).label("rank"),
            func.max(hits.c.dated).label("dated"),
            func.count().over().label("total"),
            func.sum(func.count()).over().label("looked_at"),
        )
        .group_by(hits.c.record_id)
        .order_by(
            func.max(hits.c.rank if ranked else hits.c.dated).desc().nulls_last(),
            func.max(hits.c.dated).desc().nulls_last(),
            hits.c.record_id,
        )
        .limit(limit)
        .offset(offset)
        .cte("of_record")
    )
    rows = connection.execute(_page_query(of_record, question, condition, query, viewer)).all()
    found = tuple(SearchHit(sighting_of(row), row.excerpt, float(row.rank)) for row in rows)
    total, looked_at = (int(rows[0].total), int(rows[0].looked_at)) if rows else (0, 0)
    return SearchPage(found, total, looked_at < MAX_CANDIDATES)


def _hits(
    question: Question, condition: ColumnElement[bool], rank: ColumnElement[Any], viewer: Viewer
) -> Select[Any]:
    """The newest versions that match and of which the viewer may see a sighting, each with its rank."""
    matching = select(versions.c.id).where(condition, exists(_sighted(question, viewer)))
    if question.kind is not None:
        matching = matching.where(versions.c.kind == question.kind)
    if question.since is not None:
        matching = matching.where(versions.c.dated >= question.since.isoformat())
    if question.until is not None:
        matching = matching.where(versions.c.dated < question.until.isoformat() + _BEHIND_A_DAY)
    newest = matching.order_by(versions.c.dated.desc().nulls_last()).limit(MAX_CANDIDATES).subquery("newest")
    return select(versions.c.id, versions.c.record_id, rank.label("rank"), versions.c.dated).join(
        newest, newest.c.id == versions.c.id
    )


def _sighted(question: Question, viewer: Viewer) -> Select[Any]:
    """The sightings of a version that count."""
    sighted = select(
        sightings.c.content.label("besides"),
        sightings.c.capture_id,
        sightings.c.captured_at,
        sightings.c.source_id,
    ).where(sightings.c.version_id == versions.c.id, visible_to(viewer, sightings.c.access_label))
    return sighted if question.source_id is None else sighted.where(sightings.c.source_id == question.source_id)


def _page_query(
    of_record: Any,
    question: Question,
    condition: ColumnElement[bool],
    query: ColumnElement[Any] | None,
    viewer: Viewer,
) -> Select[Any]:
    """The page's records, each in the matching version that was seen last, with what its newest sighting saw."""
    last = _sighted(question, viewer).order_by(sightings.c.captured_at.desc(), sightings.c.capture_id).limit(1)
    newest_sighting = last.correlate(versions).lateral("seen")
    newest = (
        select(
            versions.c.id.label("version_id"),
            versions.c.kind,
            versions.c.content.label("version"),
            versions.c.text,
            newest_sighting.c.besides,
            newest_sighting.c.capture_id,
            newest_sighting.c.captured_at,
            newest_sighting.c.source_id,
        )
        .select_from(versions.join(newest_sighting, true()))
        .where(versions.c.record_id == of_record.c.record_id, condition)
        .order_by(newest_sighting.c.captured_at.desc(), versions.c.id)
        .limit(1)
        .correlate(of_record)
        .lateral("newest")
    )
    beginning = func.left(newest.c.text, BEGINNING)
    excerpt = beginning if query is None else func.ts_headline("russian", newest.c.text, query, MARKS)
    ranked = question.order == "best" and query is not None
    return (
        select(of_record, newest, records.c.natural_key, excerpt.label("excerpt"))
        .select_from(of_record.join(newest, true()).join(records, records.c.id == of_record.c.record_id))
        .order_by(
            (of_record.c.rank if ranked else of_record.c.dated).desc().nulls_last(),
            of_record.c.dated.desc().nulls_last(),
            of_record.c.record_id,
        )
    )
