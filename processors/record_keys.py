"""Natural keys of records, and what of them makes a version, by what their kinds declare.

In: records as parsers return them. Out: keys, JSON-ready dictionaries and derived ids. Pure; raises ``TypeError``
for what is no record. Source: architecture §3 (natural keys, versions, public ids) and §7 (keys).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

from processors.kinds import KindOfRecord, kind_of_record
from processors.records.own_record import OwnRecord
from processors.records.record import Record, json_value, only_of_record, record_json
from processors.telegram.kind import WORDS_BESIDES
from processors.text import comparable

__all__ = [
    "WORDS_BESIDES",
    "json_value",
    "record_id",
    "record_json",
    "record_key",
    "record_keys",
    "sighting_content",
    "version_content",
    "version_id",
]


def record_key(record: Record, source_id: str, publisher: str | None = None) -> str:
    """Natural key of one record; of rows that a list repeats, `record_keys` tells the ordinals."""
    return _declared(record).key(record, source_id, publisher)


def record_keys(records: Iterable[Record], source_id: str, publisher: str | None = None) -> tuple[str, ...]:
    """Keys of all records of one list, in order; the second of equal keys ends in ``#2`` and so on."""
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for record in records:
        key = record_key(record, source_id, publisher)
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return tuple(keys)


def version_content(record: Record) -> dict[str, Any]:
    """What the source itself said: two captures with equal content are one version.

    Left out is what changes without an edit, as the kind of the record declares it: counts, signed addresses, the
    host of a mirror. So is what a parser remarks and how it reads names, since no source said it, and an empty
    ``struck``, so that versions from before there was such a key keep their ids. Texts are made comparable.
    """
    compared: dict[str, Any] = _comparable(_declared(record).version(record))
    if isinstance(record, OwnRecord):
        return compared
    unsaid = {"remarks", "names"} if compared.get("struck") else {"remarks", "names", "struck"}
    return {name: value for name, value in compared.items() if name not in unsaid}


def sighting_content(record: Record) -> dict[str, Any]:
    """What one capture saw that makes no version: counts, marks, the address it was seen under."""
    return _declared(record).sighting(record) | ({} if isinstance(record, OwnRecord) else _our_words(record))


def _our_words(record: Record) -> dict[str, Any]:
    return only_of_record(record, "remarks", "names")


def _declared(record: Record) -> KindOfRecord:
    kind = kind_of_record(record.kind)
    if kind is None:
        raise TypeError(f"no kind of source gives records of kind {record.kind!r}")
    return kind


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        return comparable(value)
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value


def record_id(kind: str, key: str) -> str:
    """Public id of a record: hex sha256 of the RFC 8785 JSON of ``[kind, key]``."""
    return hashlib.sha256(rfc8785.dumps([kind, key])).hexdigest()


def version_id(kind: str, key: str, content: Mapping[str, Any]) -> str:
    """Public id of a version: hex sha256 of the RFC 8785 JSON of ``[kind, key, content]``."""
    return hashlib.sha256(rfc8785.dumps([kind, key, dict(content)])).hexdigest()
