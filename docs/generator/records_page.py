"""The reference of records, from the types that the table of kinds names: every kind and its fields."""

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from docs.generator.markdown import code, from_docstring, table
from docs.generator.type_names import in_words
from processors.kinds import KINDS

HEAD = """# Records

A record is one thing that a page says: a post, an article, a hearing. Fields whose names end in `_raw` are the
source's own words; the field without `_raw` beside them is our reading. What a page does not say is absent:
`null`, or an empty list. Names of fields are the JSON keys.

"""

RECORDS: tuple[type, ...] = tuple(kind.record.types[0] for kind in KINDS.values())
"""One type for each kind of record, in the order in which kinds are named everywhere."""


def kind_of(record: type) -> str:
    """The kind of record that the type stands for."""
    return str(next(each.default for each in fields(record) if each.name == "kind"))


def records_page() -> str:
    """The page in Markdown."""
    sources: dict[str, str] = {row.record.name: name for name, row in KINDS.items()}
    parts: list[type] = []
    sections = ""
    for record in RECORDS:
        kind = kind_of(record)
        parts += [each for each in _parts(record) if each not in parts]
        sections += (
            f"## {kind}\n\n{_text(record)}\n\nSources of kind `{sources[kind]}` give it.\n\n{_fields(record)}\n"
        )
    return HEAD + sections + "".join(f"## {each.__name__}\n\n{_text(each)}\n\n{_fields(each)}\n" for each in parts)


def _text(of: type) -> str:
    return from_docstring(of.__doc__)


def _fields(of: type) -> str:
    types = get_type_hints(of)
    rows = [(code(each.name), in_words(types[each.name])) for each in fields(of) if each.name != "kind"]
    return table(("Field", "Value"), rows)


def _parts(of: type) -> list[type]:
    """The types that stand inside the record, in the order of its fields."""
    found: list[type] = []
    for annotation in get_type_hints(of).values():
        for part in _named(annotation):
            found += [part, *_parts(part)]
    return list(dict.fromkeys(found))


def _named(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and is_dataclass(annotation):
        return [annotation]
    return [each for part in get_args(annotation) for each in _named(part)]
