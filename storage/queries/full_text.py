"""Search by the database alone: what answers where no search index is there.

In: a `SearchQuery`. Out: one page of an answer, each record once, in the newest wording that matches, without
facets and without pages that gave no records. Russian words match in every form (Snowball); PostgreSQL has no
stemmer for Belarusian and Ukrainian, so words of every language also match by their beginning; where nothing
matches, look-alikes do. Without words: every record that the rest lets through, by the date its source gives.
Never more than the newest `MAX_CANDIDATES` are looked at: a word that half of an archive has answers in the same
time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, or_, select, text, true
from sqlalchemy.dialects.postgresql import array

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.records import sighting_of
from storage.catalogue.tables import captures, outcomes, records, sightings, versions
from storage.ledger.assessments import VerificationStatus, verification_status
from storage.search_index.answer import START_MARK, STOP_MARK, SearchAnswer, SearchHit
from storage.search_index.question import SearchQuery
from storage.search_index.words import Clause, Group, parse_words

WHOLE_BELOW: Final = 4
"""Words this short are no beginnings of others: endings are cut off longer ones only."""
LONG_FROM: Final = 6

MARKS: Final = (
    f"StartSel={START_MARK}, StopSel={STOP_MARK}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter= … "
)

_BEHIND_A_DAY: Final = "U"
"""Sorts behind the ``T`` of every time of a day, of the calendar's last day as well."""

BEGINNING: Final = 300
"""Characters shown of a record that no words were searched for."""

MAX_CANDIDATES: Final = 10_000
"""Wordings of one answer; ranking reads each of them whole, and nobody reads more."""

RARE_AT_MOST: Final = 20_000
"""Wordings: of words that fewer have, all are found by the index of words and then sorted. Left to itself,
PostgreSQL may take them for common, and walk the whole index of dates in search of ten thousand: seconds at a
million."""


@dataclass(frozen=True, slots=True)
class _Matched:
    """What makes a version match, what it is ranked by (None: by its date), and the words to be marked."""

    condition: ColumnElement[bool]
    rank: ColumnElement[Any] | None = None
    words: ColumnElement[Any] | None = None


def search_database(
    connection: Connection,
    query: SearchQuery,
    *,
    viewer: Viewer = EVERYONE,
    limit: int = 50,
    offset: int = 0,
) -> SearchAnswer:
    """Records that match, in the order asked for; among equals the newest."""
    groups = parse_words(query.text)
    if not groups:
        return _page(connection, query, _Matched(true()), viewer, limit, offset)
    words = _tsquery(groups)
    ranked = query.order == "best"
    by_words = _Matched(
        versions.c.words.bool_op("@@")(words), func.ts_rank(versions.c.words, words) if ranked else None, words
    )
    answer = _page(connection, query, by_words, viewer, limit, offset)
    if answer.total or offset or any(not clause.stems for group in groups for clause in group.with_):
        return answer
    likeness = func.word_similarity(query.text, versions.c.text) if ranked else None
    by_likeness = _Matched(literal(query.text).bool_op("<%")(versions.c.text), likeness, words)
    return _page(connection, query, by_likeness, viewer, limit, offset)


def _tsquery(groups: Sequence[Group]) -> ColumnElement[Any]:
    return reduce(lambda one, other: one.op("||")(other), map(_tsquery_of, groups))


def _tsquery_of(group: Group) -> ColumnElement[Any]:
    parts = [*map(_of_clause, group.with_), *(func.tsquery_not(_of_clause(each)) for each in group.without)]
    return reduce(lambda one, other: one.op("&&")(other), parts)


def _of_clause(clause: Clause) -> ColumnElement[Any]:
    """A phrase keeps its stop words: PostgreSQL's own search drops them, and finds any two words side by side.

    PostgreSQL takes "1-12/2026" for the words "1", "-12" and "/2026": a number is looked for as it was typed too.
    """
    phrase = " ".join(clause.exact)
    if clause.prefix:
        words = " <-> ".join(map(_quoted, clause.exact))
        return func.to_tsquery("simple", f"{words}:*")
    exact: ColumnElement[Any] = func.phraseto_tsquery("simple", phrase)
    if clause.written is not None:
        exact = exact.op("||")(func.phraseto_tsquery("simple", clause.written))
    if not clause.stems:
        return exact
    forms = exact.op("||")(func.phraseto_tsquery("russian", phrase))
    begun = _without_ending(phrase)
    return forms if begun == phrase else forms.op("||")(func.to_tsquery("simple", f"{_quoted(begun)}:*"))


def _quoted(word: str) -> str:
    """A word as an operand of ``to_tsquery``."""
    doubled = word.replace("\\", "").replace("'", "''")
    return f"'{doubled}'"


def _without_ending(word: str) -> str:
    if len(word) < WHOLE_BELOW or not word.isalpha():
        return word
    return word[:-2] if len(word) >= LONG_FROM else word[:-1]


def _page(
    connection: Connection,
    query: SearchQuery,
    matched: _Matched,
    viewer: Viewer,
    limit: int,
    offset: int,
) -> SearchAnswer:
    found = _found(connection, query, matched, viewer)
    hits = found.cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    ranked = matched.rank is not None
    by_record = (
        select(
            hits.c.record_id,
            func.max(hits.c.rank).label("rank"),
            func.max(hits.c.dated).label("dated"),
            func.count().over().label("total"),
            func.sum(func.count()).over().label("looked_at"),
        )
        .group_by(hits.c.record_id)
        .order_by(*_order(func.max(hits.c.rank), func.max(hits.c.dated), hits.c.record_id, query, ranked))
        .limit(limit)
        .offset(offset)
        .cte("of_record")
    )
    rows = connection.execute(_page_query(by_record, query, matched, viewer)).all()
    total, looked_at = (int(rows[0].total), int(rows[0].looked_at)) if rows else (0, 0)
    return SearchAnswer(
        hits=tuple(
            SearchHit(sighting=sighting_of(row), excerpt=row.excerpt, rank=float(row.rank)) for row in rows
        ),
        total=total,
        complete=looked_at < MAX_CANDIDATES,
        answered_by="database",
    )


def _order(
    rank: ColumnElement[Any],
    dated: ColumnElement[Any],
    record_id: ColumnElement[Any],
    query: SearchQuery,
    ranked: bool,
) -> tuple[ColumnElement[Any], ...]:
    by_date = _by_date(dated, query)
    return (rank.desc(), by_date, record_id) if ranked else (by_date, record_id)


def _by_date(dated: ColumnElement[Any], query: SearchQuery) -> ColumnElement[Any]:
    return (dated.asc() if query.order == "oldest" else dated.desc()).nulls_last()


def _found(connection: Connection, query: SearchQuery, matched: _Matched, viewer: Viewer) -> Select[Any]:
    """The first versions that match and of which the viewer may see a sighting, each with its rank."""
    narrowed = (*_narrowing(query), exists(_sighted(query, viewer)))
    if matched.words is not None and _is_rare(connection, matched.condition):
        some = select(versions.c.id).where(matched.condition).cte("some")
        some = some.prefix_with("MATERIALIZED", dialect="postgresql")
        matching = select(versions.c.id).join(some, some.c.id == versions.c.id).where(*narrowed)
    else:
        matching = select(versions.c.id).where(matched.condition, *narrowed)
    newest = matching.order_by(_by_date(versions.c.dated, query)).limit(MAX_CANDIDATES).subquery("newest")
    rank = literal(0.0) if matched.rank is None else matched.rank
    return select(versions.c.id, versions.c.record_id, rank.label("rank"), versions.c.dated).join(
        newest, newest.c.id == versions.c.id
    )


def _is_rare(connection: Connection, condition: ColumnElement[bool]) -> bool:
    """Whether few versions match, asked of the index of words alone."""
    some = select(literal(1)).select_from(versions).where(condition).limit(RARE_AT_MOST + 1).subquery()
    with connection.begin_nested():
        connection.execute(text("SET LOCAL enable_seqscan TO off"))
        count = connection.scalar(select(func.count()).select_from(some)) or 0
        connection.execute(text("SET LOCAL enable_seqscan TO on"))
    return int(count) <= RARE_AT_MOST


def _narrowing(query: SearchQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.kind:
        conditions.append(versions.c.kind.in_(query.kind))
    if query.since is not None:
        conditions.append(versions.c.dated >= query.since.isoformat())
    if query.until is not None:
        conditions.append(versions.c.dated < query.until.isoformat() + _BEHIND_A_DAY)
    for key, values in (
        ("court", query.court),
        ("judge", query.judge),
        ("status_raw", query.status),
        ("language", query.language),
    ):
        if values:
            conditions.append(versions.c.content[key].astext.in_(values))
    if query.verification:
        conditions.append(_standing(query.verification))
    if query.article:
        conditions.append(versions.c.content["article_codes"].bool_op("?|")(array(query.article)))
    if query.year:
        conditions.append(or_(*(versions.c.dated.startswith(f"{year}-", autoescape=True) for year in query.year)))
    return conditions


def _standing(statuses: tuple[str, ...]) -> ColumnElement[bool]:
    """Records with one of these verification statuses; what was never assessed is unverified."""
    view = verification_status
    assessed = select(view.c.subject_id).where(view.c.subject_kind == "record")
    if VerificationStatus.UNVERIFIED in statuses:
        return versions.c.record_id.not_in(assessed.where(view.c.status.not_in(statuses)))
    return versions.c.record_id.in_(assessed.where(view.c.status.in_(statuses)))


def _sighted(query: SearchQuery, viewer: Viewer) -> Select[Any]:
    """The sightings of a version that count."""
    sighted = select(
        sightings.c.content.label("besides"),
        sightings.c.capture_id,
        sightings.c.captured_at,
        sightings.c.source_id,
    ).where(sightings.c.version_id == versions.c.id, visible_to(viewer, sightings.c.access_label))
    if query.source:
        sighted = sighted.where(sightings.c.source_id.in_(query.source))
    if query.media_type:
        of_type = captures.c.media_type.in_(query.media_type)
        sighted = sighted.where(exists().where(captures.c.id == sightings.c.capture_id, of_type))
    if query.outcome:
        with_outcome = outcomes.c.outcome.in_(query.outcome)
        sighted = sighted.where(exists().where(outcomes.c.capture_id == sightings.c.capture_id, with_outcome))
    return sighted


def _page_query(of_record: Any, query: SearchQuery, matched: _Matched, viewer: Viewer) -> Select[Any]:
    """The page's records, each in the matching version that was seen last, with what its newest sighting saw."""
    last = _sighted(query, viewer).order_by(sightings.c.captured_at.desc(), sightings.c.capture_id).limit(1)
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
        .where(versions.c.record_id == of_record.c.record_id, matched.condition)
        .order_by(newest_sighting.c.captured_at.desc(), versions.c.id)
        .limit(1)
        .correlate(of_record)
        .lateral("newest")
    )
    excerpt = func.left(newest.c.text, BEGINNING)
    if matched.words is not None:
        excerpt = func.ts_headline("russian", newest.c.text, matched.words, MARKS)
    ranked = matched.rank is not None
    return (
        select(of_record, newest, records.c.natural_key, excerpt.label("excerpt"))
        .select_from(of_record.join(newest, true()).join(records, records.c.id == of_record.c.record_id))
        .order_by(*_order(of_record.c.rank, of_record.c.dated, of_record.c.record_id, query, ranked))
    )
