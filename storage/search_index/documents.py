"""From rows of the catalogue to documents of the index.

In: a connection and the ids of records, or of captures without records. Out: documents, of each record one for
every version and access label under which it was seen, with the facets of those sightings alone: what a viewer may
not see is in none of the documents that they may. Records that are not there any more give none, and what is
withdrawn or quarantined is in none.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

import tantivy
from sqlalchemy import Connection, Row, text

from processors.languages.detection import language_of
from processors.name_search.keys import name_keys
from storage.access_labels import HIDDEN_LABELS
from storage.search_index.analysis import indexed_words
from storage.search_index.question import PAGE_KIND
from storage.search_index.schema import (
    AT,
    DAY,
    ID,
    LABEL,
    MONTH,
    NAMES,
    RECORD,
    SEVERAL,
    STEMS,
    SUBJECT,
    WHAT,
    WORDS,
    YEAR,
)

PAGE_SUBJECT: Final = "page:"

_RECORDS: Final = text("""
    SELECT v.id, v.record_id, v.kind, v.text, v.dated, s.access_label,
        v.content ->> 'court' AS court, v.content ->> 'judge' AS judge, v.content -> 'article_codes' AS articles,
        v.content ->> 'status_raw' AS status, v.content ->> 'language' AS language,
        array_agg(DISTINCT s.source_id) AS sources,
        array_agg(DISTINCT c.media_type) FILTER (WHERE c.media_type IS NOT NULL) AS media_types,
        array_agg(DISTINCT o.outcome) FILTER (WHERE o.outcome IS NOT NULL) AS outcomes
    FROM catalogue.versions v
    JOIN catalogue.sightings s ON s.version_id = v.id
    LEFT JOIN catalogue.captures c ON c.id = s.capture_id
    LEFT JOIN catalogue.outcomes o ON o.capture_id = s.capture_id
    WHERE v.record_id = ANY(:ids) AND s.access_label <> ALL (:hidden)
    GROUP BY v.id, s.access_label
    ORDER BY v.record_id, v.id, s.access_label
""")
_PAGES: Final = text("""
    SELECT p.capture_id, p.text, p.language, c.access_label, c.source_id, c.media_type, o.outcome
    FROM catalogue.page_texts p
    JOIN catalogue.captures c ON c.id = p.capture_id
    LEFT JOIN catalogue.outcomes o ON o.capture_id = p.capture_id
    WHERE p.capture_id = ANY(:ids) AND c.access_label <> ALL (:hidden)
    ORDER BY p.capture_id
""")


def record_documents(connection: Connection, ids: Sequence[str]) -> Iterator[tantivy.Document]:
    """The documents of these records."""
    rows = connection.execute(_RECORDS, {"ids": list(ids), "hidden": list(HIDDEN_LABELS)})
    for _, group in groupby(rows, key=lambda row: row.record_id):
        of_record = tuple(group)
        for row in of_record:
            yield _record_document(row, several=len(of_record) > 1)


def page_documents(connection: Connection, ids: Sequence[str]) -> Iterator[tantivy.Document]:
    """The documents of the page texts of these captures."""
    for row in connection.execute(_PAGES, {"ids": list(ids), "hidden": list(HIDDEN_LABELS)}):
        facets = {
            "kind": [PAGE_KIND],
            "source": [row.source_id],
            "outcome": [row.outcome],
            "media_type": [row.media_type],
        }
        yield _document(
            id=row.capture_id,
            subject=PAGE_SUBJECT + row.capture_id,
            what="page",
            label=row.access_label,
            words=row.text,
            stated_language=row.language,
            dated=None,
            facets=facets,
        )


def number_of(subject: str) -> int:
    """A number of 63 bits for a subject."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8]) >> 1


def _record_document(row: Row[Any], *, several: bool) -> tantivy.Document:
    facets = {
        "kind": [row.kind],
        "source": row.sources,
        "court": [row.court],
        "judge": [row.judge],
        "article": row.articles if isinstance(row.articles, list) else [],
        "status": [row.status],
        "outcome": row.outcomes or [],
        "media_type": row.media_types or [],
    }
    return _document(
        id=row.id,
        subject=row.record_id,
        what="record",
        label=row.access_label,
        words=row.text,
        stated_language=row.language,
        dated=row.dated,
        facets=facets,
        several=several,
    )


def _document(
    *,
    id: str,  # noqa: A002 - the field's name
    subject: str,
    what: str,
    label: str,
    words: str,
    stated_language: str | None,
    dated: str | None,
    facets: Mapping[str, Iterable[Any]],
    several: bool = False,
) -> tantivy.Document:
    language = language_of(words, stated_language)
    plain, stems = indexed_words(words, language)
    document = tantivy.Document()
    for name, value in ((ID, id), (SUBJECT, subject), (WHAT, what), (LABEL, label)):
        document.add_text(name, value)
    document.add_text(WORDS, plain)
    document.add_text(STEMS, stems)
    document.add_text(NAMES, " ".join(sorted(name_keys(words).terms)))
    document.add_text("language", str(language))
    for name, values in facets.items():
        for value in values:
            if isinstance(value, str) and value.strip():
                document.add_text(name, value.strip())
    document.add_unsigned(RECORD, number_of(subject))
    document.add_boolean(SEVERAL, several)
    _add_date(document, dated)
    return document


def _add_date(document: tantivy.Document, dated: str | None) -> None:
    moment = moment_of(dated)
    if moment is None:
        return
    document.add_integer(AT, int(moment.timestamp()))
    document.add_integer(DAY, day_number(moment))
    document.add_integer(MONTH, moment.year * 100 + moment.month)
    document.add_integer(YEAR, moment.year)


def moment_of(dated: str | None) -> datetime | None:
    """A date as records have it, in UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(dated) if dated else None
        return None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day_number(moment: datetime) -> int:
    """Days since 1970 (UTC)."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).days
