"""The JSON form of a frozen dataclass, derived from its fields: a new field needs no second edit.

In: a dataclass of plain values, times, paths, bytes, digests, tuples, sets, mappings and further dataclasses. Out:
JSON-ready values with the names of the fields as keys, in their order; ``from_json`` gives an equal object back.
Times are ISO 8601 in UTC, bytes are base64, digests are the hexadecimal of a sha256, sets are sorted lists.
"""

import base64
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from crawlers.model.iso_time import time_text
from processors.digest import Digest

Made = TypeVar("Made")

WHERE_SET: Final = "where set"
"""The value of ``json`` in the metadata of a field that has no key where it is None."""


def to_json(made: Any) -> dict[str, Any]:
    """The dataclass as JSON-ready values.

    Raises ``TypeError`` on a value that has no form, ``ValueError`` on a naive time.
    """
    values = [(each, getattr(made, each.name)) for each in fields(made)]
    return {each.name: _write(value) for each, value in values if value is not None or not _may_lack(each)}


def from_json(kind: type[Made], row: Mapping[str, Any]) -> Made:
    """The object of the dataclass ``kind`` that ``to_json`` wrote.

    Raises ``KeyError`` where a field is missing, ``TypeError`` where a key is no field, ``ValueError`` where a
    value cannot be read as the field's type.
    """
    hints = get_type_hints(kind)
    known = fields(cast(Any, kind))
    names = [each.name for each in known if each.name in row or not _may_lack(each)]
    unknown = row.keys() - set(names)
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
    return kind(**{name: _read(hints[name], row[name]) for name in names})


def _may_lack(field: Field[Any]) -> bool:
    """Whether the field has no key where it is None."""
    return field.metadata.get("json") == WHERE_SET


def _write(value: Any) -> Any:
    """The form of one value."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Digest):
        if value.algorithm != "sha256":
            raise ValueError(f"no JSON form: expected a sha256 digest, found {value.algorithm}")
        return value.hex
    if is_dataclass(value):
        return to_json(value)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _write(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_write(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(map(_write, value))
    raise TypeError(f"no JSON form: {type(value).__name__}")


def _read(hint: Any, value: Any) -> Any:
    """A value of the type that the hint names."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (hint,) = (each for each in arguments if each is not NoneType)
        return None if value is None else _read(hint, value)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_read(arguments[0], each) for each in value)
        return tuple(_read(each, part) for each, part in zip(arguments, value, strict=True))
    if origin is frozenset:
        return frozenset(_read(arguments[0], each) for each in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {name: _read(arguments[1], each) for name, each in value.items()}
    if hint is Digest:
        return Digest("sha256", bytes.fromhex(value))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is Path:
        return Path(value)
    if hint is bytes:
        return base64.b64decode(value)
    return from_json(cast(type[Any], hint), value) if is_dataclass(hint) else value
