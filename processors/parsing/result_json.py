"""What page parsers give, as JSON and back: the form in which it leaves a confined worker.

``from_json(to_json(value), of=type)`` equals ``value`` for every type that `processors.pages.reader` returns. An
object is an array of its type's name and its fields in order. What comes back is checked against the types,
since a hostile page may have taken over the process that wrote it. Raises ``ValueError``, ``TypeError``,
``KeyError`` or ``RecursionError`` for what is no such value.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from processors.kinds import record_types
from processors.records.record import Record

_Read = Callable[[Any], Any]
_Value = TypeVar("_Value")
_PLAIN = frozenset((str, int, float, bool, NoneType))


def to_json(value: object) -> bytes:
    """The value as JSON; halves of surrogate pairs survive."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def from_json(text: bytes, of: type[_Value]) -> _Value:
    """The value that ``to_json`` wrote."""
    return cast(_Value, _reader(cast(Hashable, of))(json.loads(text.decode("utf-8", "surrogatepass"))))


def _plain(value: object) -> Any:
    kind = type(value)
    return value if kind in _PLAIN else _writer(cast(Hashable, kind))(value)


@cache
def _writer(of: Any) -> _Read:
    """The function that writes values of a type which JSON does not have."""
    if issubclass(of, tuple):
        return lambda value: [_plain(item) for item in value]
    if issubclass(of, datetime):
        return lambda value: value.isoformat()
    if issubclass(of, Enum):
        return lambda value: value.value
    if issubclass(of, Mapping):
        return lambda value: {key: _plain(item) for key, item in value.items()}
    name, parts = of.__name__, [attrgetter(each) for each in _names(of)]
    return lambda value: [name, *(_plain(part(value)) for part in parts)]


@cache
def _names(of: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast(type, of)))


@cache
def _reader(of: Any) -> _Read:
    """The function that reads one value of a type."""
    origin = get_origin(of)
    if origin in (Union, UnionType):
        return _one_of(get_args(of))
    if origin is tuple:
        item, rest = get_args(of)
        if rest is not Ellipsis:
            raise TypeError(f"tuples of one type alone have a JSON form, found {of}")
        return _items_of(_reader(item))
    if origin is Literal:
        return _among(get_args(of))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_of(*map(_reader, get_args(of)))
    if of is datetime:
        return _moment
    if of is Record:
        return _record
    if is_dataclass(of):
        return _object_of(cast(type, of))
    if issubclass(of, Enum):
        return cast(_Read, of)
    return _exactly(of)


def _exactly(of: type) -> _Read:
    def read(value: Any) -> Any:
        if type(value) is not of:
            raise TypeError(f"expected {of.__name__}, found {type(value).__name__}")
        return value

    return read


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"expected a time with its zone, found {value[:40]!r}")
    return moment


def _among(allowed: tuple[Any, ...]) -> _Read:
    def read(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"expected one of {allowed}, found {str(value)[:40]!r}")
        return value

    return read


def _items_of(item: _Read) -> _Read:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise TypeError(f"expected an array, found {type(value).__name__}")
        return tuple(map(item, value))

    return read


def _mapping_of(key: _Read, item: _Read) -> _Read:
    def read(value: Any) -> Any:
        return {key(name): item(inner) for name, inner in value.items()}

    return read


def _one_of(options: tuple[Any, ...]) -> _Read:
    """Nothing, where that may be; else the object of the name given, or the one plain type."""
    optional = NoneType in options
    objects = {of.__name__: _reader(of) for of in options if isinstance(of, type) and is_dataclass(of)}
    others = [_reader(of) for of in options if of is not NoneType and not is_dataclass(of)]

    def read(value: Any) -> Any:
        if value is None and optional:
            return None
        if objects and type(value) is list and value and value[0] in objects:
            return objects[value[0]](value)
        if len(others) != 1:
            raise TypeError(f"expected one of {options}, found {str(value)[:40]!r}")
        return others[0](value)

    return read


def _record(value: Any) -> Any:
    """A record of any kind."""
    made = next((of for of in record_types() if of.__name__ == value[0]), None)
    if made is None:
        raise TypeError(f"expected a record, found {str(value)[:40]!r}")
    return _reader(cast(Hashable, made))(value)


def _object_of(of: type) -> _Read:
    kinds = get_type_hints(of)
    names = _names(cast(Hashable, of))
    readers = [_reader(kinds[name]) for name in names]

    def read(value: Any) -> Any:
        name, *parts = value
        if name != of.__name__:
            raise TypeError(f"expected {of.__name__}, found {str(name)[:40]!r}")
        found = {field: read(part) for field, read, part in zip(names, readers, parts, strict=True)}
        return of(**found)

    return read
