"""A frozen selection: what goes to whom, so that the same package can be built of it again, to the byte.

In: a `FrozenSelection`, or the bytes of a ``selection.json``. Out: canonical JSON (RFC 8785), in the format
``letapis/selection/1``, and the selection that it holds. Guaranteed: what `FrozenSelection.to_json` writes,
`FrozenSelection.from_json` reads as an equal selection, and nothing that it cannot read is passed over. Raises
`SelectionFormatError` with the place in the file, what was expected and what was found.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

import rfc8785
from ulid import ULID

from processors.digest import Digest
from processors.transparency_log.checkpoint import Checkpoint

FORMAT: Final = "letapis/selection/1"
EXHIBIT_NUMBER: Final = re.compile(r"LTP-[0-9]{4}-[0-9]{6}", re.ASCII)
LANGUAGE: Final = re.compile(r"[a-z]{2,3}", re.ASCII)
Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")
LONGEST_QUOTE: Final = 120
"""Characters of what was found that an error repeats."""


class SelectionFormatError(ValueError):
    """The file is no frozen selection: ``place`` in it says otherwise. Nothing was built; freeze it anew."""

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(
            f"selection.json, {place}: expected {expected}, found {found[:LONGEST_QUOTE]}. Nothing was built "
            "and nothing was disclosed; take the file as `letapis export` wrote it, or choose anew."
        )
        self.place = place
        self.expected = expected
        self.found = found


class CaptureRole(StrEnum):
    """Why a capture goes along with an exhibit."""

    SUBJECT = "subject"
    VERSION = "version"
    MEDIUM = "medium"
    RENDERING = "rendering"
    CONTEXT = "context"
    LIST = "list"
    MIRROR = "mirror"
    FAILED = "failed"
    REQUEST = "request"
    REDACTED = "redacted"
    """A redacted copy that goes in place of its original."""
    COVERED = "covered"
    """Its bytes stay out, since something of it is covered; what was read of it goes with bars."""


class ExhibitKind(StrEnum):
    """What an exhibit is of."""

    RECORD = "record"
    CAPTURE = "capture"
    MEDIUM = "medium"


class DisclosureLevel(StrEnum):
    """How much a recipient is shown, from the least to the most."""

    PUBLIC = "public"
    PARTNER = "partner"
    PROSECUTOR = "prosecutor"
    COURT = "court"


class WhyLeftOut(StrEnum):
    """Why something that was asked for, or belongs to it, does not go along."""

    LABEL = "label"
    SEALED_CASE = "sealed_case"
    REDACTED = "redacted"
    WITHDRAWN = "withdrawn"
    PURGED = "purged"
    QUARANTINED = "quarantined"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class SelectedCapture:
    """One capture that goes along, by its id (``urn:uuid:...``)."""

    capture_id: str
    role: CaptureRole


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One exhibit: ``subject_id`` is a record's id, a capture's id or the sha256 of a medium, as ``kind`` says.

    ``captures`` begin with the subject's own; ``media`` are the digests (``sha256:<hex>``) of what it shows.
    """

    number: str
    kind: ExhibitKind
    subject_id: str
    title: str
    record_ids: tuple[str, ...]
    captures: tuple[SelectedCapture, ...]
    media: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOutItem:
    """Something that stays out, with ``words`` for the recipient.

    ``subject_id`` is None where its name alone would disclose something: of what belongs to another case.
    """

    kind: ExhibitKind
    subject_id: str | None
    reason: WhyLeftOut
    words: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives the package, at which level, on which request of theirs (None: on none), in which language."""

    name: str
    level: DisclosureLevel
    request: str | None
    language: str


@dataclass(frozen=True, slots=True)
class FrozenSoftware:
    """What froze the selection: the program, its version, and the digest of its tree where that is known."""

    name: str
    version: str
    tree: str | None


@dataclass(frozen=True, slots=True)
class FrozenSelection:
    """What a package is built of. ``frozen_at`` is the only time that the package bears.

    It is kept to the microsecond, so that what analysts found within the same second is on its side of it.
    ``query`` is what was asked for. ``checkpoint`` is None where the log has none yet. ``opened`` are names of
    committed values of custody that the recipient is to read, ``tokens`` keys of stored tokens and proofs that
    go along, ``supplement_of`` the package that this one adds to, ``validation_report`` the digest of the report
    that the release had, None where it had none.
    """

    package_id: str
    frozen_at: datetime
    recipient: Recipient
    query: Mapping[str, Any]
    exhibits: tuple[Exhibit, ...]
    left_out: tuple[LeftOutItem, ...]
    checkpoint: Checkpoint | None
    software: FrozenSoftware
    opened: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    supplement_of: str | None = None
    validation_report: Digest | None = None

    def to_json(self) -> bytes:
        """The selection as canonical JSON (RFC 8785)."""
        named = {} if self.validation_report is None else {"validation_report": str(self.validation_report)}
        return rfc8785.dumps(
            named
            | {
                "format": FORMAT,
                "package_id": self.package_id,
                "frozen_at": self.frozen_at.astimezone(UTC).isoformat(),
                "recipient": {
                    "name": self.recipient.name,
                    "level": self.recipient.level.value,
                    "request": self.recipient.request,
                    "language": self.recipient.language,
                },
                "query": dict(self.query),
                "exhibits": [_exhibit_json(each) for each in self.exhibits],
                "left_out": [
                    {
                        "kind": each.kind.value,
                        "subject_id": each.subject_id,
                        "reason": each.reason.value,
                        "words": each.words,
                    }
                    for each in self.left_out
                ],
                "checkpoint": None if self.checkpoint is None else _checkpoint_json(self.checkpoint),
                "software": {
                    "name": self.software.name,
                    "version": self.software.version,
                    "tree": self.software.tree,
                },
                "opened": list(self.opened),
                "tokens": list(self.tokens),
                "supplement_of": self.supplement_of,
            }
        )

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a frozen selection, also one that somebody laid out anew; raises `SelectionFormatError`."""
        found = _Place("the file", _json(content))
        if isinstance(found.value, dict) and found.value.get("format") != FORMAT:
            raise SelectionFormatError("format", repr(FORMAT), repr(found.value.get("format")))
        report = found.optional("validation_report")
        fields = found.fields(
            "format",
            "package_id",
            "frozen_at",
            "recipient",
            "query",
            "exhibits",
            "left_out",
            "checkpoint",
            "software",
            "opened",
            "tokens",
            "supplement_of",
            *(() if report is None else ("validation_report",)),
        )
        query = fields["query"]
        if not isinstance(query.value, dict):
            raise query.refused("an object")
        checkpoint, supplement_of = fields["checkpoint"], fields["supplement_of"]
        selection = cls(
            package_id=_ulid(fields["package_id"]),
            frozen_at=_moment(fields["frozen_at"]),
            recipient=_recipient(fields["recipient"]),
            query=query.value,
            exhibits=tuple(_exhibit(each) for each in fields["exhibits"].each()),
            left_out=tuple(_left_out(each) for each in fields["left_out"].each()),
            checkpoint=None if checkpoint.value is None else _checkpoint(checkpoint),
            software=_software(fields["software"]),
            opened=tuple(each.text() for each in fields["opened"].each()),
            tokens=tuple(each.text() for each in fields["tokens"].each()),
            supplement_of=None if supplement_of.value is None else _ulid(supplement_of),
            validation_report=None if report is None else report.read_as(Digest.parse, "sha256:<64 hex>"),
        )
        numbers = [each.number for each in selection.exhibits]
        if len(set(numbers)) != len(numbers):
            raise SelectionFormatError("exhibits", "each number once", ", ".join(numbers))
        return selection


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of the file, and where it stands."""

    name: str
    value: Any

    def refused(self, expected: str) -> SelectionFormatError:
        return SelectionFormatError(self.name, expected, repr(self.value))

    def fields(self, *names: str) -> dict[str, "_Place"]:
        if not isinstance(self.value, dict) or self.value.keys() != set(names):
            keys = repr(sorted(self.value)) if isinstance(self.value, dict) else repr(self.value)
            raise SelectionFormatError(self.name, f"an object with the keys {', '.join(names)}", keys)
        inside = "" if self.name == "the file" else f"{self.name}."
        return {name: _Place(f"{inside}{name}", self.value[name]) for name in names}

    def optional(self, name: str) -> "_Place | None":
        """A key that a selection of an older version does not have."""
        has = isinstance(self.value, dict) and name in self.value
        return _Place(name, self.value[name]) if has else None

    def each(self) -> "list[_Place]":
        if not isinstance(self.value, list):
            raise self.refused("a list")
        return [_Place(f"{self.name}[{number}]", value) for number, value in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.refused("a text that is not empty")
        return self.value

    def optional_text(self) -> str | None:
        return None if self.value is None else self.text()

    def one_of(self, words: type[Word]) -> Word:
        try:
            return words(self.text())
        except ValueError:
            raise self.refused(f"one of {', '.join(words)}") from None

    def read_as(self, read: Callable[[str], Value], expected: str) -> Value:
        try:
            return read(self.text())
        except ValueError:
            raise self.refused(expected) from None


def packed_captures(captures: Iterable[SelectedCapture]) -> tuple[str, ...]:
    """The ids of those whose bytes go along."""
    return tuple(each.capture_id for each in captures if each.role is not CaptureRole.COVERED)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, object_pairs_hook=_each_key_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise SelectionFormatError("the file", "JSON (RFC 8259) in UTF-8", str(problem)) from problem


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key twice among {[key for key, _ in pairs]}")
    return found


def _no_number(constant: str) -> Any:
    raise ValueError(f"the number {constant}")


def _ulid(place: _Place) -> str:
    return str(place.read_as(ULID.from_str, "a ULID"))


def _moment(place: _Place) -> datetime:
    at = place.read_as(datetime.fromisoformat, "a time (ISO 8601) with its zone")
    if at.tzinfo is None:
        raise place.refused("a time (ISO 8601) with its zone")
    return at.astimezone(UTC)


def _recipient(place: _Place) -> Recipient:
    fields = place.fields("name", "level", "request", "language")
    language = fields["language"].text()
    if LANGUAGE.fullmatch(language) is None:
        raise fields["language"].refused("a language after ISO 639, such as en or uk")
    return Recipient(
        name=fields["name"].text(),
        level=fields["level"].one_of(DisclosureLevel),
        request=fields["request"].optional_text(),
        language=language,
    )


def _exhibit(place: _Place) -> Exhibit:
    fields = place.fields("number", "kind", "subject_id", "title", "record_ids", "captures", "media")
    if EXHIBIT_NUMBER.fullmatch(fields["number"].text()) is None:
        raise fields["number"].refused("a number such as LTP-2026-000123")
    return Exhibit(
        number=fields["number"].text(),
        kind=fields["kind"].one_of(ExhibitKind),
        subject_id=fields["subject_id"].text(),
        title=fields["title"].text(),
        record_ids=tuple(each.text() for each in fields["record_ids"].each()),
        captures=tuple(_capture(each) for each in fields["captures"].each()),
        media=tuple(str(each.read_as(Digest.parse, "sha256:<64 hex>")) for each in fields["media"].each()),
    )


def _capture(place: _Place) -> SelectedCapture:
    fields = place.fields("capture_id", "role")
    return SelectedCapture(fields["capture_id"].text(), fields["role"].one_of(CaptureRole))


def _left_out(place: _Place) -> LeftOutItem:
    fields = place.fields("kind", "subject_id", "reason", "words")
    return LeftOutItem(
        kind=fields["kind"].one_of(ExhibitKind),
        subject_id=fields["subject_id"].optional_text(),
        reason=fields["reason"].one_of(WhyLeftOut),
        words=fields["words"].text(),
    )


def _checkpoint(place: _Place) -> Checkpoint:
    fields = place.fields("origin", "size", "root")
    size = fields["size"].value
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise fields["size"].refused("how many entries the tree has")
    root = fields["root"].read_as(lambda text: base64.b64decode(text, validate=True), "a root in base64")
    try:
        return Checkpoint(fields["origin"].text(), size, root)
    except ValueError as problem:
        raise SelectionFormatError(place.name, "origin, size and root of a checkpoint", str(problem)) from problem


def _software(place: _Place) -> FrozenSoftware:
    fields = place.fields("name", "version", "tree")
    return FrozenSoftware(fields["name"].text(), fields["version"].text(), fields["tree"].optional_text())


def _exhibit_json(exhibit: Exhibit) -> dict[str, Any]:
    return {
        "number": exhibit.number,
        "kind": exhibit.kind.value,
        "subject_id": exhibit.subject_id,
        "title": exhibit.title,
        "record_ids": list(exhibit.record_ids),
        "captures": [{"capture_id": each.capture_id, "role": each.role.value} for each in exhibit.captures],
        "media": list(exhibit.media),
    }


def _checkpoint_json(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": base64.b64encode(checkpoint.root).decode("ascii"),
    }
