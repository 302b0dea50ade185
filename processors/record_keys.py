"""Records as JSON, their natural keys, and what of them makes a version.

In: records as parsers return them. Out: JSON-ready dictionaries and derived ids. Pure; raises ``TypeError`` for
what is no record. Source: architecture §3 (natural keys, versions, public ids) and §7 (keys).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import rfc8785

from processors.pages.parse_result import Record
from processors.records.article import Article
from processors.records.hearing import Hearing
from processors.records.notice import Notice
from processors.records.own_record import OwnRecord
from processors.records.register_entry import RegisterEntry
from processors.records.telegram_post import Medium, TelegramPost
from processors.surt import surt_key
from processors.text import comparable, folded
from processors.urls import host_of

# a location's or contact's address is what was posted; every other medium's is a signature that expires
_LASTING_MEDIA_URLS = ("location", "contact")

WORDS_BESIDES = ("forwarded_from", "reply_to")
"""Fields of a post whose words make no version and are looked for all the same."""


def json_value(value: object) -> Any:
    """Dataclasses become objects, tuples arrays, times ISO 8601 in UTC with ``Z``."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_value(getattr(value, field.name)) for field in fields(value)}
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


def record_key(record: Record, source_id: str, publisher: str | None = None) -> str:
    """Natural key of one record; of rows that a list repeats, `record_keys` tells the ordinals."""
    match record:
        case TelegramPost():
            channel = f"@{record.channel.casefold()}" if record.channel_id is None else str(record.channel_id)
            return f"{channel}/{record.post_id}"
        case Article():
            path = surt_key(_lasting_address(record, publisher)).partition(")")[2]
            return f"{publisher or host_of(record.url)}{path or '/'}"
        case Hearing():
            case = folded(record.case_number) if record.case_number else f"row:{_signature(record)}"
            return f"{source_id}|{folded(record.court or '')}|{case}"
        case RegisterEntry():
            return f"{source_id}|{folded(record.register or '')}|{_signature(record)}"
        case Notice():
            return f"{source_id}|{_signature(record)}"
        case OwnRecord():
            name = folded(record.key[0]) if len(record.key) == 1 else f"row:{_signature(record)}"
            return f"{source_id}|{name}"


def record_keys(records: Iterable[Record], source_id: str, publisher: str | None = None) -> tuple[str, ...]:
    """Keys of all records of one list, in order; the second of equal keys ends in ``#2`` and so on."""
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for record in records:
        key = record_key(record, source_id, publisher)
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return tuple(keys)


def _lasting_address(article: Article, publisher: str | None) -> str:
    """The canonical URL, believed where it stays on the host (or mirrors are declared) and is no home page."""
    canonical = article.canonical_url
    if not canonical or urlsplit(canonical).path in ("", "/"):
        return article.url
    same_host = host_of(canonical).removeprefix("www.") == host_of(article.url).removeprefix("www.")
    return canonical if publisher or same_host else article.url


def _signature(record: Hearing | RegisterEntry | Notice | OwnRecord) -> str:
    """Digest of what names the row when no number does, in a form that spacing and case do not change."""
    named: tuple[str | None, ...]
    match record:
        case Hearing():
            named = (record.parties_raw, record.charges_raw)
        case RegisterEntry():
            named = (record.name_raw, record.born_raw)
            if not any(named):
                named = tuple(sorted(f"{key}={value}" for key, value in record.extra.items()))
        case Notice():
            named = (record.issuer_raw, record.title, *record.persons_raw)
        case OwnRecord():
            named = record.key
    return hashlib.sha256(rfc8785.dumps([folded(part or "") for part in named])).hexdigest()


def version_content(record: Record) -> dict[str, Any]:
    """What the source itself said: two captures with equal content are one version.

    Left out is what changes without an edit: counts, signed addresses, the host of a mirror, the present names of
    this channel and of those it forwards from, the quote of the post replied to, Telegram's ``edited`` mark (a
    first reaction can set it, tdesktop#30647), times of modification that sites renew on every visit.
    """
    match record:
        case TelegramPost():
            return _telegram_version(record)
        case Article():
            content = _without(
                record, "url", "canonical_url", "published_raw", "modified_at", "modified_raw", "images"
            )
            content["images"] = [
                {"path": urlsplit(image.url).path, "caption": image.caption} for image in record.images
            ]
            content["tags"] = sorted(set(record.tags))
        case Hearing() | RegisterEntry() | Notice():
            content = _without(record, "url")
        case OwnRecord():
            content = _without(record, "url", *record.not_compared)
    compared: dict[str, Any] = _comparable(content)
    return compared


def _telegram_version(post: TelegramPost) -> dict[str, Any]:
    content = _without(post, "url", "channel", "views", "views_raw", "reactions", "edited", "media", "poll")
    content["media"] = [_medium_version(medium) for medium in post.media]
    content["poll"] = post.poll and {
        "question": post.poll.question,
        "options": [option.text for option in post.poll.options],
    }
    # where it came from cannot be edited; names and addresses there are those of today
    content["forwarded_from"] = post.forwarded_from and {}
    content["reply_to"] = post.reply_to and {"post_id": _post_id_in(post.reply_to.url)}
    if post.service:
        content["links"] = []  # to who pinned or joined, under the names of today
    if "export" in content:
        content["export"] = {name: content["export"][name] for name in ("action", "entities")}
    compared: dict[str, Any] = _comparable(content)
    return compared


def _post_id_in(address: str) -> int | None:
    """The number a post has in its own chat, whatever the chat is called."""
    last = urlsplit(address).path.rstrip("/").rpartition("/")[2]
    return int(last) if last.isascii() and last.isdecimal() else None


def _medium_version(medium: Medium) -> dict[str, Any]:
    return {
        "kind": medium.kind,
        "url": medium.url if medium.kind in _LASTING_MEDIA_URLS else None,
        "duration_s": medium.duration_s,
        "title": medium.title,
        "extra": medium.extra,
    }


def _without(record: Record, *names: str) -> dict[str, Any]:
    return {key: value for key, value in record_json(record).items() if key not in names}


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
