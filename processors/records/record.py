"""What every record has, whatever its kind: a kind and an address, a form as JSON, and parts to compare by.

In: records as parsers return them. Out: JSON-ready values with the keys of architecture §7, and digests. Pure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType
from typing import Any, Final, Protocol

import rfc8785

from processors.records.own_record import OwnRecord
from processors.text import folded


class Record(Protocol):
    """A frozen dataclass of one kind of record, whose field names are its JSON keys."""

    @property
    def kind(self) -> str:
        """The name of its kind."""
        ...

    @property
    def url(self) -> str:
        """The page that it was read from, or its own."""
        ...


_PLAIN: Final = frozenset((str, int, float, bool, NoneType))


@cache
def _names(of: Any) -> tuple[str, ...]:
    """The fields of a dataclass."""
    return tuple(field.name for field in fields(of))


def json_value(value: object) -> Any:
    """Dataclasses become objects, tuples arrays, times ISO 8601 in UTC with ``Z``."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return {name: json_value(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [json_value(item) for item in value]
    return value


def record_json(record: Record) -> dict[str, Any]:
    """The record with the keys of architecture §7."""
    if isinstance(record, OwnRecord):
        return {"kind": record.kind, "url": record.url, **record.fields}
    made: dict[str, Any] = json_value(record)
    return made


def record_without(record: Record, *names: str) -> dict[str, Any]:
    """The record as JSON without these keys."""
    return {key: value for key, value in record_json(record).items() if key not in names}


def only_of_record(record: Record, *names: str) -> dict[str, Any]:
    """These keys of the record as JSON."""
    whole = record_json(record)
    return {name: whole[name] for name in names}


def signature(*parts: str | None) -> str:
    """Digest of what names a row when no number does, in a form that spacing and case do not change."""
    return hashlib.sha256(rfc8785.dumps([folded(part or "") for part in parts])).hexdigest()
