"""What entries of custody must say for others to rely on them, and what they say openly: which details, by event.

In: an entry read from a store, which may have any content. Raises ``ValueError`` with the detail that is missing
or is something else. Events that no code relies on may have any details, and so may entries of older or newer
software. Details that are not listed as open are sealed in entries of format 2: only commitments to them leave the
house.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from processors.digest import Digest
from storage.ledger.entry import BEHIND, CustodyEntry
from storage.signing import read_public_key
from storage.warc.places import cut_of

Reader = Callable[[Any], object]


def require_shape(entry: CustodyEntry) -> None:
    """Check that an entry's details can be relied on; raises ``ValueError``."""
    wanted = DETAILS.get(entry.event)
    if wanted is None:
        return
    if entry.event in NAMING_AN_OBJECT and entry.subject_digest is None:
        raise ValueError(f"a digest of {entry.subject_id!r}, which is {entry.event}, found none")
    if entry.unknown_because is not None:
        wanted = {name: read for name, read in wanted.items() if not _is_sealed(entry, name.removesuffix("?"))}
    _require(wanted, entry.details, f"{entry.event} entry")


def open_details(event: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry of format 2 states openly; everything else is sealed."""
    names = OPEN.get(event, frozenset()) | ALWAYS_OPEN
    return {name: value for name, value in details.items() if name in names}


def _is_sealed(entry: CustodyEntry, name: str) -> bool:
    """Whether the entry commits to this detail and may do so: what others rely on without a key is open."""
    return name not in OPEN.get(entry.event, ()) and name not in entry.details and entry.has_detail(name)


def _require(wanted: Mapping[str, Reader], found: Any, of: str) -> None:
    if not isinstance(found, Mapping):
        raise ValueError(f"details of a {of}, found {found!r}")
    for name, read in wanted.items():
        optional = name.endswith("?")
        value = found.get(name.removesuffix("?"))
        if value is None and optional:
            continue
        try:
            read(value)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{name.removesuffix('?')} of a {of}, found {value!r}") from problem


def _text(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(value)


def _number(value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)


def _digest(value: Any) -> None:
    _text(value)
    Digest.parse(value)


def _moment(value: Any) -> None:
    _text(value)
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(value)


def _texts(value: Any) -> None:
    for each in _list(value):
        _text(each)


def _rows(**wanted: Reader) -> Reader:
    def read(value: Any) -> None:
        for each in _list(value):
            _require(wanted, each, "row")

    return read


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _key(value: Any) -> None:
    _text(value)
    read_public_key(value)


def _signature(value: Any) -> None:
    _require({"value": _hex, "closed": _truth, "collection_started": _number}, value, "signature")


def _hex(value: Any) -> None:
    _text(value)
    bytes.fromhex(value)


def _truth(value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(value)


def _cuts(value: Any) -> None:
    for each in _list(value):
        try:
            cut_of(each)
        except (KeyError, AttributeError) as problem:
            raise ValueError(each) from problem


def _entry(value: Any) -> None:
    _require({"id": _text, "kind": _text}, value, "source")


def _version(value: Any) -> None:
    _require({"object_version": _text, "sha256": _digest}, value, "version")


REQUESTS_BATCHED: Final = "requests_batched"
ACCESSES_BATCHED: Final = "accesses_batched"
RESULTS_BATCHED: Final = "results_batched"
BATCHED: Final = (REQUESTS_BATCHED, ACCESSES_BATCHED, RESULTS_BATCHED)
"""Events whose entries name a sealed object of rows."""

WITHDRAWAL_EVENTS: Final = (
    "quarantined",
    "withdrawal_proposed",
    "withdrawn",
    "restoration_proposed",
    "restored",
    "proposal_declined",
    "purge_proposed",
    "purge_ordered",
)
"""What hides is known without a key: which capture, record or medium, and since when; who and why is sealed."""

ASSESSMENT_EVENTS: Final = (
    "assessment_begun",
    "assessment_proposed",
    "assessment_confirmed",
    "assessment_disputed",
    "assessment_dropped",
)
"""What was found out about a record or medium is sealed, as is by whom; that somebody looked into it is not."""

REDACTED: Final = "redacted"
"""A redacted copy was made: of what, with which tool, which places; the covered words, who and why are sealed."""

RECEIVED: Final = "file_received"
"""A person brought a file: which bytes, and of which type; who, from whom, when and its name are sealed."""

NAMING_AN_OBJECT: Final = (
    "deposited",
    "purged",
    REDACTED,
    RECEIVED,
    "extension_deposited",
    "timestamped",
    *BATCHED,
)

DETAILS: Final[Mapping[str, Mapping[str, Reader]]] = {
    "collection_started": {"signing_key?": _key},
    "deposited": {
        "object_version": _text,
        "sha512": _digest,
        "length_bytes": _number,
        "origin": _text,
        "source_id": _text,
        "crawl_id": _text,
        "serial": _number,
        "access_label": _text,
        "file_name": _text,
        "locked_until?": _moment,
        "origin_reason?": _text,
        "recovered?": _truth,
        "signature?": _signature,
    },
    "purged": {
        "order": _number,
        "before": _version,
        "object_version": _text,
        "sha512": _digest,
        "length_bytes": _number,
        "records": _number,
        "captures": _number,
        "cuts": _cuts,
        "removed": _rows(capture=_text, record=_text),
        "locked_until?": _moment,
    },
    "purge_removed": {"purge": _number, "store": _text, "object_version": _text},
    "extension_deposited": {
        "extension": _text,
        "files": _texts,
        "object_version": _text,
        "length_bytes": _number,
        "locked_until?": _moment,
    },
    "timestamped": {
        "seq": _number,
        "digest": _digest,
        "authority": _text,
        "time": _moment,
        "roots": _digest,
        "object_version": _text,
        "root_version": _text,
        "length_bytes": _number,
        "locked_until?": _moment,
        "root_locked_until?": _moment,
        "valid_until?": _moment,
        "algorithms?": _texts,
    },
    "time_renewed": {
        "authority": _text,
        "time": _moment,
        "algorithm": _text,
        "valid_until": _moment,
        "roots": _digest,
        "root_version": _text,
        "root_locked_until?": _moment,
        "records": _rows(
            token=_text,
            number=_number,
            key=_text,
            object_version=_text,
            sha256=_digest,
            token_roots=_digest,
            token_roots_version=_text,
            **{"locked_until?": _moment, "token_roots_locked_until?": _moment},
        ),
    },
    "revocation_asked": {
        "answers": _rows(
            certificate=_digest,
            issuer=_digest,
            kind=_text,
            status=_text,
            this_update=_moment,
            asked_at=_moment,
            authorities=_texts,
            key=_text,
            object_version=_text,
            sha256=_digest,
            **{"locked_until?": _moment},
        ),
        "unnamed": _rows(certificate=_digest),
    },
    "copied": {
        "store": _text,
        "seq": _number,
        "objects": _rows(key=_text, object_version=_text, sha256=_digest, **{"locked_until?": _moment}),
    },
    "time_owed": {"authorities": _texts},
    "lock_renewed": {
        "store": _text,
        "locked_until": _moment,
        "objects": _rows(key=_text, object_version=_text),
    },
    REQUESTS_BATCHED: {"rows": _number, "root": _digest, "length_bytes": _number},
    ACCESSES_BATCHED: {"rows": _number, "root": _digest, "length_bytes": _number},
    RESULTS_BATCHED: {"rows": _number, "root": _digest, "length_bytes": _number},
    "held": {"objects": _rows(store=_text, key=_text, object_version=_text)},
    "released": {"hold": _number},
    REDACTED: {
        "copy_id": _text,
        "original_kind": _text,
        "original_id": _text,
        "original_digest": _digest,
        "media_type": _text,
        "tool": _text,
        "steps": _rows(cover=_text),
    },
    "repeat_begun": {
        **dict.fromkeys(("repeat_id", "access_label", "engine"), _text),
        **dict.fromkeys(("reason?", "case_reference?", "egress?"), _text),
        **dict.fromkeys(("begun_at", "until_at"), _moment),
        "urls": _texts,
        "every_s": _number,
        "video": _truth,
    },
    "repeat_stopped": {"repeat_id": _text},
    **{
        event: {"source_id": _text, "entry": _entry, "reason?": _text}
        for event in ("source_added", "source_changed")
    },
    "source_ended": {"source_id": _text, "reason": _text},
    RECEIVED: {
        "length_bytes": _number,
        **dict.fromkeys(("capture_id?", "media_type?"), _text),
        "first_seq?": _number,
        **dict.fromkeys(("received_raw", "from_raw", "origin_raw", "file_name", "access_label"), _text),
        **dict.fromkeys(("declared_type?", "note?", "remark?"), _text),
    },
    **{event: {"subject_kind": _text, "proposal?": _number} for event in WITHDRAWAL_EVENTS},
    **{
        event: {
            "subject_kind": _text,
            "proposal?": _number,
            "status": _text,
            **{f"{name}?": _text for name in ("finding", "version_id", "place", "happened", "method", "note")},
        }
        for event in ASSESSMENT_EVENTS
    },
}
"""A name that ends in ``?`` may be missing: entries of older versions do not have it."""

_BATCH: Final = frozenset({"rows", "root", "length_bytes"})

ALWAYS_OPEN: Final = frozenset({BEHIND})
"""Whoever checks the order of times has no key."""

OPEN: Final[Mapping[str, frozenset[str]]] = {
    "collection_started": frozenset({"signing_key", "commitments"}),
    "deposited": frozenset(
        {
            "object_version",
            "locked_until",
            "sha512",
            "length_bytes",
            "records",
            "captures",
            "origin",
            "signature",
            "source_id",
            "crawl_id",
            "serial",
        }
    ),
    "purged": frozenset(
        {
            "order",
            "before",
            "object_version",
            "locked_until",
            "sha512",
            "length_bytes",
            "records",
            "captures",
            "cuts",
            "removed",
        }
    ),
    "purge_removed": frozenset({"purge", "store", "object_version"}),
    "extension_deposited": frozenset({"extension", "object_version", "length_bytes", "locked_until"}),
    "timestamped": frozenset(
        {
            "seq",
            "digest",
            "authority",
            "time",
            "serial",
            "policy",
            "signer",
            "roots",
            "object_version",
            "length_bytes",
            "root_version",
            "locked_until",
            "root_locked_until",
            "pinned",
            "valid_until",
            "algorithms",
        }
    ),
    "time_renewed": frozenset(
        {
            "authority",
            "time",
            "serial",
            "signer",
            "algorithm",
            "algorithms",
            "valid_until",
            "roots",
            "root_version",
            "root_locked_until",
            "records",
        }
    ),
    "revocation_asked": frozenset({"answers", "unnamed"}),
    "time_owed": frozenset({"authorities"}),
    "copied": frozenset({"store", "seq", "objects"}),
    "lock_renewed": frozenset({"store", "locked_until", "objects"}),
    "audited": frozenset({"weeks", "after", "last_seq"}),
    "log_begun": frozenset({"verifier_key"}),
    "log_key_rotated": frozenset({"verifier_key", "signed_by", "signature"}),
    "log_key_lost": frozenset({"verifier_key", "lost"}),
    REQUESTS_BATCHED: _BATCH,
    ACCESSES_BATCHED: _BATCH,
    RESULTS_BATCHED: _BATCH,
    "held": frozenset({"objects"}),
    **dict.fromkeys(("repeat_begun", "repeat_stopped"), frozenset()),
    **dict.fromkeys(("source_added", "source_changed", "source_ended"), frozenset()),
    "released": frozenset({"hold"}),
    REDACTED: frozenset(
        {"copy_id", "original_kind", "original_id", "original_digest", "media_type", "tool", "steps"}
    ),
    RECEIVED: frozenset({"capture_id", "length_bytes", "media_type", "first_seq"}),
    **{event: frozenset({"subject_kind", "proposal"}) for event in (*WITHDRAWAL_EVENTS, *ASSESSMENT_EVENTS)},
}
"""What names objects and proves them. Source, crawl and serial number are parts of the file's key anyway."""
