"""Runs an operator's parser over a page, and holds what it gives to what it has declared.

In: a class loaded by `loading.load_class`, a page. Out: `ExtensionReading`. Only a page that is content, as far as
its outcome can be told, is given to the parser. Raises `ExtensionFault` for a parser that declares nothing usable;
whatever the parser raises passes through, and a record that is not as declared raises ``ValueError``: no record is
dropped. Runs in the confined worker alone.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

import jsonschema
from parsel import Selector, SelectorList
from referencing import Registry

from processors.extension.code import NAME, ClassReference, ExtensionFault
from processors.extension.protocol import OwnKind, ParserPage
from processors.kinds import KINDS
from processors.pages.clean_text import without_control_characters
from processors.pages.outcome import Outcome, classify
from processors.pages.page import Page
from processors.pages.page_tables import open_tree
from processors.pages.parse_result import Record
from processors.record_keys import json_value
from processors.records.own_record import OwnRecord

MOST_RECORDS: Final = 100_000
MOST_FIELDS: Final = 100

RESERVED: Final = frozenset({
    "kind", "url", "record_id", "version_id", "heading", "dated_at", "source", "capture_id", "captured_at",
    "excerpt", "excerpt_pieces",
})  # fmt: skip
"""Keys of a record's row that are ours (architecture, section 7)."""

RECORD_TYPES: Final[Mapping[str, type]] = {
    kind.record.name: kind.record.types[0] for name, kind in KINDS.items() if name != "telegram"
}
"""Our kinds that an operator's parser may give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserFacts:
    """What a parser declares: ``kind`` in full, its ``version``, whether its pages are a complete list."""

    kind: str
    version: int
    complete_list: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionReading:
    """One page read by an operator's parser."""

    outcome: Outcome
    outcome_reason: str | None = None
    records: tuple[Record, ...] = ()
    next_pages: tuple[str, ...] = ()


class ExtensionParser:
    """A class of an extension, checked and ready to read pages."""

    def __init__(self, reference: ClassReference, of: type) -> None:
        self._reference = reference
        version, kind = getattr(of, "version", None), getattr(of, "kind", None)
        if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= 1_000_000:
            raise self._fault(f"expected a `version`, a whole number from 1 on, found {version!r}")
        if not callable(getattr(of, "parse", None)):
            raise self._fault("expected a method `parse(self, page)`, found none")
        self._parser = of()
        self._to_record = self._of_own_kind(kind) if isinstance(kind, OwnKind) else self._of_our_kind(kind)
        name = f"{reference.extension}.{kind.name}" if isinstance(kind, OwnKind) else str(kind)
        whole = kind.complete_list if isinstance(kind, OwnKind) else kind != "article"
        self.facts = ParserFacts(kind=name, version=version, complete_list=whole)

    def read(self, page: Page) -> ExtensionReading:
        """The page's outcome and records."""
        opened = open_tree(page)
        verdict = classify(page, opened)
        if verdict.outcome is not Outcome.CONTENT:
            return ExtensionReading(outcome=verdict.outcome, outcome_reason=verdict.reason)
        given = ParserPage(page, opened)
        records = tuple(self._records(given))
        find_next = getattr(self._parser, "next_pages", None)
        following = () if find_next is None else _addresses(given, find_next(given))
        if not records:
            reason = f"{self._reference} found no record on the page"
            return ExtensionReading(outcome=Outcome.EMPTY, outcome_reason=reason, next_pages=following)
        return ExtensionReading(outcome=Outcome.CONTENT, records=records, next_pages=following)

    def _records(self, page: ParserPage) -> Iterator[Record]:
        found = self._parser.parse(page)
        if not isinstance(found, Iterable) or isinstance(found, Mapping | str | bytes):
            raise TypeError(f"parse(page): expected records one after the other, found {type(found).__name__}")
        for number, each in enumerate(found, start=1):
            if number > MOST_RECORDS:
                raise ValueError(f"parse(page): expected at most {MOST_RECORDS} records of one page")
            try:
                yield self._to_record(page, each)
            except (TypeError, ValueError) as problem:
                raise ValueError(f"record {number}: {problem}") from problem

    def _of_our_kind(self, kind: object) -> Callable[[ParserPage, Any], Record]:
        of = RECORD_TYPES.get(kind) if isinstance(kind, str) else None
        if of is None:
            known = ", ".join(RECORD_TYPES)
            raise self._fault(f"expected a `kind`, an OwnKind or one of {known}, found {kind!r}")

        def record(_: ParserPage, given: Any) -> Record:
            if type(given) is not of:
                raise TypeError(f"expected {of.__name__}, found {type(given).__name__}")
            _refuse_selectors({name: getattr(given, name) for name in of.__dataclass_fields__})
            return cast(Record, without_control_characters(given))

        return record

    def _of_own_kind(self, kind: OwnKind) -> Callable[[ParserPage, Any], Record]:
        names = self._declared_fields(kind)
        full_name = f"{self._reference.extension}.{kind.name}"
        # an empty registry: a schema refers to nothing outside of itself
        validator = jsonschema.Draft202012Validator(dict(kind.schema), registry=Registry())
        times = [name for name in names if name.endswith("_at")]

        def record(page: ParserPage, given: Any) -> Record:
            if not isinstance(given, Mapping):
                raise TypeError(f"expected a dictionary, found {type(given).__name__}")
            _refuse_selectors(given)
            fields: dict[str, Any] = without_control_characters(json_value(given))
            stated_url = fields.pop("url", page.url)
            url = page.absolute(stated_url) if isinstance(stated_url, str) else None
            if url is None:
                raise ValueError(f"url: expected a web address, found {stated_url!r}"[:300])
            if unknown := [name for name in fields if name not in names]:
                raise ValueError(
                    f"fields that the schema of {full_name} does not have: {', '.join(unknown)}"[:300]
                )
            for name in times:
                if fields.get(name) is not None:
                    fields[name] = _time(name, fields[name])
            wrong = next(iter(validator.iter_errors(fields)), None)
            if wrong is not None:
                place = ".".join(map(str, wrong.absolute_path)) or "the record"
                raise ValueError(f"{place}: {wrong.message}"[:300])
            key = tuple("" if fields.get(name) is None else str(fields[name]) for name in kind.key)
            if not any(key):
                raise ValueError(
                    f"expected something in {', '.join(kind.key)}, which identify a record, found nothing"
                )
            ordered = {name: fields[name] for name in names if name in fields}
            return OwnRecord(
                kind=full_name,
                url=url,
                key=key,
                fields_json=json.dumps(ordered, ensure_ascii=False),
                not_compared=kind.not_compared,
            )

        return record

    def _declared_fields(self, kind: OwnKind) -> tuple[str, ...]:
        """The fields of an own kind, in order; raises `ExtensionFault` for a kind that is not sound."""
        if not isinstance(kind.name, str) or not NAME.fullmatch(kind.name):
            raise self._fault(f"name of its kind: expected a-z, 0-9 and _, a letter first, found {kind.name!r}")
        try:
            jsonschema.Draft202012Validator.check_schema(kind.schema)
        except jsonschema.SchemaError as wrong:
            raise self._fault(f"schema of kind {kind.name}: {wrong.message}") from wrong
        properties = kind.schema.get("properties")
        if kind.schema.get("type") != "object" or not isinstance(properties, Mapping) or not properties:
            raise self._fault(f"schema of kind {kind.name}: expected type `object` with `properties`")
        bad = [name for name in properties if not NAME.fullmatch(name) or name in RESERVED]
        if bad or len(properties) > MOST_FIELDS:
            found = ", ".join(bad) or f"{len(properties)} fields"
            raise self._fault(
                f"schema of kind {kind.name}: expected at most {MOST_FIELDS} fields of a-z, 0-9 and _, none of "
                f"them {', '.join(sorted(RESERVED))}; found {found}"
            )
        if not isinstance(properties.get("title"), Mapping) or "string" not in _types(properties["title"]):
            raise self._fault(
                f"schema of kind {kind.name}: expected a field `title`, a text that names the record"
            )
        for what, named in (("key", kind.key), ("not_compared", kind.not_compared)):
            if not isinstance(named, tuple) or not all(name in properties for name in named):
                raise self._fault(f"{what} of kind {kind.name}: expected fields of its schema, found {named!r}")
        if not kind.key or set(kind.key) & set(kind.not_compared):
            raise self._fault(
                f"key of kind {kind.name}: expected at least one field, and none that is not compared"
            )
        return tuple(properties)

    def _fault(self, problem: str) -> ExtensionFault:
        return ExtensionFault(f"{self._reference}: {problem}")


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    declared = schema.get("type")
    return (declared,) if isinstance(declared, str) else tuple(declared or ())


def _time(name: str, value: object) -> str:
    """A time in the form in which the archive compares times."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{name}: expected a time with its zone, found {str(value)[:60]!r}")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _addresses(page: ParserPage, found: object) -> tuple[str, ...]:
    """The addresses that ``next_pages`` gave, as meant on the page; those that are no web address are left out."""
    if not isinstance(found, Iterable) or isinstance(found, Mapping | str | bytes):
        raise TypeError(f"next_pages(page): expected addresses one after the other, found {type(found).__name__}")
    addresses: list[str] = []
    for number, address in enumerate(found, start=1):
        if not isinstance(address, str):
            raise TypeError(
                f"next_pages(page): address {number}: expected text, found {type(address).__name__}"
                f"{_way_to_text(address)}"
            )
        absolute = page.absolute(address)
        if absolute is not None:
            addresses.append(absolute)
    return tuple(addresses)


def _refuse_selectors(fields: Mapping[str, object]) -> None:
    """Name the field that holds a place on the page where its text was to stand."""
    for name, value in fields.items():
        if isinstance(value, Selector | SelectorList):
            raise TypeError(f"{name}: expected text, found {type(value).__name__}{_way_to_text(value)}")


def _way_to_text(value: object) -> str:
    selected = isinstance(value, Selector | SelectorList)
    return "; `.get()` gives its text, `.getall()` a list of texts" if selected else ""
