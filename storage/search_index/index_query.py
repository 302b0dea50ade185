"""From a `SearchQuery` and what its viewer may see to a query of the index.

In: the query, its groups of clauses, the labels that the viewer has (None: every label), what was assessed. Out: a
query of tantivy.
Visibility and filters are part of the query, so that counts and facets are of what the viewer may see.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final

from tantivy import FieldType, Occur, Query

from processors.name_search.keys import question_of
from storage.ledger.assessments import VerificationStatus
from storage.search_index.documents import day_number
from storage.search_index.question import SearchQuery
from storage.search_index.schema import DAY, LABEL, NAMES, STEMS, SUBJECT, TEXT_FACETS, WHAT, WORDS, YEAR, schema
from storage.search_index.words import Clause, Group, corrected

EXACT_BOOST: Final = 1.5
"""A word as it was written counts more than another form of it."""
FIRST_DAY: Final = -(1 << 31)
LAST_DAY: Final = 1 << 31


Assessed = Mapping[str, Collection[str]]
"""The ids of the records that were ever assessed, by their verification status now."""


def index_query(
    query: SearchQuery, groups: Sequence[Group], labels: Collection[str] | None, assessed: Assessed
) -> Query:
    """Everything that the query asks for."""
    parts: list[tuple[Occur, Query]] = [(Occur.Must, narrowing) for narrowing in _narrowing(query, labels)]
    if query.verification:
        parts.append((Occur.Must, standing(query.verification, assessed)))
    if query.names and query.fold_names:
        parts += _name(query.text)
    elif groups:
        parts.append((Occur.Must, _any_of([_group(group, query.typing_errors) for group in groups])))
    return Query.boolean_query(parts)


def of_subjects(subjects: Collection[str], field: str) -> Query:
    """The documents of these subjects."""
    return Query.term_set_query(schema(), field, list(subjects))


def standing(statuses: Collection[str], assessed: Assessed) -> Query:
    """The records with one of these statuses; what was never assessed is unverified, and pages have none."""
    if VerificationStatus.UNVERIFIED not in statuses:
        ids = [each for status in statuses for each in assessed.get(status, ())]
        return Query.const_score_query(of_subjects(ids, SUBJECT), 0.0) if ids else Query.empty_query()
    others = [each for status, ids in assessed.items() if status not in statuses for each in ids]
    records = one_of(WHAT, ("record",))
    return Query.const_score_query(but_not(records, of_subjects(others, SUBJECT)), 0.0) if others else records


def both(*queries: Query) -> Query:
    """What all of them match."""
    return Query.boolean_query([(Occur.Must, each) for each in queries])


def but_not(query: Query, other: Query) -> Query:
    """What the first matches and the other does not."""
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, other)])


def one_of(field: str, values: Collection[Any]) -> Query:
    """The documents that have one of these values; it does not count for their rank."""
    terms = [Query.term_query(schema(), field, value, "basic") for value in values]
    return Query.const_score_query(_any_of(terms), 0.0)


def _name(text: str) -> Iterator[tuple[Occur, Query]]:
    """Who may bear the name: the surname's keys are required, what else is known lets them rank higher."""
    question = question_of(text)
    if not question.required:
        yield Occur.Must, Query.empty_query()
    for keys in question.required:
        yield Occur.Must, one_of(NAMES, sorted(keys))
    for key in sorted(question.wished):
        yield Occur.Should, Query.const_score_query(Query.term_query(schema(), NAMES, key, "basic"), 1.0)


def _narrowing(query: SearchQuery, labels: Collection[str] | None) -> Iterator[Query]:
    if labels is not None:
        yield one_of(LABEL, labels)
    yield one_of(WHAT, ("record", "page") if query.pages and not query.names else ("record",))
    for facet in TEXT_FACETS:
        if values := query.values(facet):
            yield one_of(facet, values)
    if query.year:
        yield one_of(YEAR, [int(year) for year in query.year if re.fullmatch(r"-?\d{1,6}", year)])
    if query.since is not None or query.until is not None:
        first, last = (
            default if day is None else day_number(datetime.combine(day, time(), UTC))
            for day, default in ((query.since, FIRST_DAY), (query.until, LAST_DAY))
        )
        between = Query.range_query(schema(), DAY, FieldType.Integer, first, last)
        yield Query.const_score_query(between, 0.0)


def _group(group: Group, typing_errors: bool) -> Query:
    parts = [(Occur.Must, _clause(clause, typing_errors)) for clause in group.with_]
    if not parts:
        parts = [(Occur.Must, Query.const_score_query(Query.all_query(), 0.0))]
    return Query.boolean_query([*parts, *((Occur.MustNot, _clause(each, False)) for each in group.without)])


def _clause(clause: Clause, typing_errors: bool) -> Query:
    if len(clause.exact) > 1:
        if clause.prefix:
            words: list[str | tuple[int, str]] = [*map(_escaped, clause.exact[:-1]), _beginning(clause.exact[-1])]
            return Query.regex_phrase_query(schema(), WORDS, words)
        return Query.phrase_query(schema(), WORDS, list(clause.exact))
    (word,) = clause.exact
    if clause.prefix:
        return Query.regex_query(schema(), WORDS, _beginning(word))
    exact = Query.term_query(schema(), WORDS, word, "freq")
    if not clause.stems:
        return exact
    forms = [Query.term_query(schema(), STEMS, stem, "freq") for stem in sorted(clause.stems)]
    if typing_errors and corrected(clause):
        forms += [Query.fuzzy_term_query(schema(), STEMS, stem, 1) for stem in sorted(clause.stems | {word})]
    return _any_of([Query.boost_query(exact, EXACT_BOOST), *forms])


def _beginning(word: str) -> str:
    return _escaped(word) + ".*"


def _escaped(word: str) -> str:
    """A word as a regular expression of tantivy, which knows no escapes before letters."""
    return re.sub(r"([^\w])", r"\\\1", word)


def _any_of(queries: Sequence[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, each) for each in queries])
