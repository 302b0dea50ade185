"""What goes into the WACZ of each exhibit: the chosen captures, and the records without which they cannot be read.

In: an archive and a frozen selection. Out: `ExhibitContent`s in the selection's order, and the `SealedFile`s they
come from. Added to what was chosen: the renderings of its pages, the record that a revisit stands for, what a page
in a browser asked for, and of everything the request, the facts and the certificates. What was left out of the
selection is added by none of these ways. Raises `PackageRefusedError` where a chosen capture is no longer to be
seen, and what `pipeline.handover.sealed_records` raises. Source: decision 40.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from pipeline.handover.package_errors import PackageRefusedError
from pipeline.handover.redaction.covered_exhibits import CoveredExhibit, covered_exhibit
from pipeline.handover.redaction.covering import Covering, covering_of
from pipeline.handover.sealed_records import (
    RecordPlace,
    SealedFile,
    SealedFileName,
    certificates_named,
    read_sealed_file,
)
from pipeline.handover.selection import Exhibit, FrozenSelection, packed_captures
from processors.digest import Digest
from storage.access_labels import DEFAULT_LABEL
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.catalogue.dom_renderings import renderings_of
from storage.catalogue.revisits import payload_capture
from storage.deposit.record_reader import is_arc
from storage.ledger.file_custody import FileInCustody, file_in_custody
from storage.warc.places import Place

RENDERING: Final = "rendering"
PAYLOAD: Final = "payload"
"""The record that a revisit stands for."""
EMBEDDED: Final = "embedded"
"""What the page asked for when a browser showed it."""


@dataclass(frozen=True, slots=True)
class PackedCapture:
    """A capture that goes along, and why: a role of the selection, or one of the above."""

    capture: Capture
    role: str


@dataclass(frozen=True, slots=True)
class ObservedAt:
    """A capture as tables list it."""

    source_id: str
    address: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class ExhibitContent:
    """All of one exhibit.

    ``records`` are the places of the records of its WACZ, in their order; ``outside`` captures of ARC files, which
    no WACZ can hold; ``without_payload`` ids of revisits whose payload does not go along.
    """

    exhibit: Exhibit
    captures: tuple[PackedCapture, ...]
    records: tuple[RecordPlace, ...]
    outside: tuple[PackedCapture, ...]
    without_payload: tuple[str, ...]
    covered: CoveredExhibit | None = None
    """Of an exhibit of which something is covered, what goes of it."""

    @property
    def subjects(self) -> tuple[Capture, ...]:
        """The captures that the exhibit is of, else all that were chosen for it."""
        chosen = [each.capture for each in self.captures if each.role == "subject"]
        return tuple(chosen or [each.capture for each in self.captures])

    @property
    def observed(self) -> tuple[ObservedAt, ...]:
        """Where and when the subject was captured; of one whose bytes stay out, with bars."""
        if self.covered is not None and self.covered.covered:
            first = self.covered.covered[0]
            return (ObservedAt(first.source_id, self.covered.addresses[first.id], first.captured_at),)
        return tuple(ObservedAt(each.source_id, each.url, each.captured_at) for each in self.subjects)


@dataclass(frozen=True, slots=True)
class StatedFile:
    """A sealed file as it is, and as it was when the selection was frozen: of that a package tells.

    So the same selection gives the same bytes, also where another record was purged from the file since.
    """

    now: FileInCustody
    then: FileInCustody

    @property
    def sha256(self) -> Digest:
        """The digest that the file had."""
        return self.then.sha256

    def version_id(self, present: str) -> str:
        """The version that it had; ``present`` is the one that the catalogue names."""
        return present if len(self.then.purges) == len(self.now.purges) else self.then.version_id

    def place(self, offset: int, within: int | None) -> Place:
        """Where a record lay in it."""
        return self.now.earlier_place((offset, within), len(self.then.purges))


@dataclass(frozen=True, slots=True)
class PackageContent:
    """All exhibits, and every sealed file that something of them comes from, by key."""

    exhibits: tuple[ExhibitContent, ...]
    files: dict[str, SealedFile]
    stated: dict[str, StatedFile]


def package_content(
    archive: Archive, selection: FrozenSelection, on_file: Callable[[int, int], None]
) -> PackageContent:
    """Find everything; ``on_file`` is called with how many of how many sealed files have been read."""
    left_out = frozenset(each.subject_id for each in selection.left_out if each.subject_id is not None)
    with archive.reader.connect() as connection:
        covering = covering_of(archive, connection, selection)
        left_out |= frozenset() if covering is None else covering.stays_out
        chosen = [_chosen(connection, exhibit, left_out) for exhibit in selection.exhibits]
    files: dict[str, SealedFile] = {}
    _read_files(archive, files, [capture for each in chosen for capture in each.values()], on_file)
    with archive.reader.connect() as connection:
        for captures in chosen:
            _add_embedded(connection, captures, files, left_out)
    _read_files(archive, files, [capture for each in chosen for capture in each.values()], on_file)
    exhibits = zip(selection.exhibits, chosen, strict=True)
    with archive.reader.connect() as connection:
        stated = {key: _stated(connection, key, selection) for key in files}
    return PackageContent(
        tuple(_content(archive, exhibit, captures, files, covering) for exhibit, captures in exhibits),
        files,
        stated,
    )


def _stated(connection: Connection, key: str, selection: FrozenSelection) -> StatedFile:
    now = _in_custody(connection, key)
    frozen = selection.checkpoint
    return StatedFile(now, now.as_of(selection.frozen_at) if frozen is None else now.until(frozen.size))


def _chosen(connection: Connection, exhibit: Exhibit, left_out: Collection[str]) -> dict[str, PackedCapture]:
    """The captures of the selection, the renderings of them, and the payloads of revisits, by id."""
    packed = packed_captures(exhibit.captures)
    roles = {each.capture_id: each.role.value for each in exhibit.captures if each.capture_id in packed}
    found = captures_by_ids(connection, roles)
    gone = [each for each in roles if each not in found]
    if gone or not exhibit.captures:
        raise PackageRefusedError(
            f"exhibit {exhibit.number}",
            "captures that the archive shows" if gone else "at least one capture",
            f"no longer {gone[0]}" if gone else "none",
            "it may have been withdrawn or purged since it was chosen: choose anew with `letapis export`.",
        )
    captures = {each: PackedCapture(found[each], role) for each, role in roles.items()}
    for rendering in renderings_of(connection, roles):
        _add(captures, rendering, RENDERING, left_out)
    _add_payloads(connection, captures, left_out)
    return captures


def _add(captures: dict[str, PackedCapture], capture: Capture, role: str, left_out: Collection[str]) -> None:
    if capture.id in captures or capture.id in left_out or str(capture.payload_digest) in left_out:
        return
    if capture.access_label not in {DEFAULT_LABEL, *(each.capture.access_label for each in captures.values())}:
        return  # of another case, or of a circle to which nothing that was chosen belongs
    captures[capture.id] = PackedCapture(capture, role)


def _add_payloads(connection: Connection, captures: dict[str, PackedCapture], left_out: Collection[str]) -> None:
    for packed in [*captures.values()]:
        payload = payload_capture(connection, packed.capture)
        if payload is not None:
            _add(captures, payload, PAYLOAD, left_out)


def _add_embedded(
    connection: Connection,
    captures: dict[str, PackedCapture],
    files: dict[str, SealedFile],
    left_out: Collection[str],
) -> None:
    """What pages asked for that go along with the DOM that a browser made of them."""
    doms = [each.capture for each in captures.values() if each.capture.url.startswith("urn:dom:")]
    here = {each.capture.record_id for each in captures.values()}
    members = {
        member
        for dom in doms
        if dom.refers_to_id in here
        for member in files[dom.warc_key].page_members.get(dom.record_id, ())
    }
    for capture in captures_by_ids(connection, sorted(members)).values():
        _add(captures, capture, EMBEDDED, left_out)
    _add_payloads(connection, captures, left_out)


def _read_files(
    archive: Archive,
    files: dict[str, SealedFile],
    captures: Iterable[PackedCapture],
    on_file: Callable[[int, int], None],
) -> None:
    """Read the files of these captures that have not been read."""
    by_key: dict[str, list[Capture]] = {}
    for packed in captures:
        by_key.setdefault(packed.capture.warc_key, []).append(packed.capture)
    missing = [key for key in sorted(by_key) if key not in files]
    for number, key in enumerate(missing, start=1):
        with archive.reader.connect() as connection:
            digest = _in_custody(connection, key).sha256
        name = SealedFileName(key, by_key[key][0].object_version, digest)
        files[key] = read_sealed_file(archive, name, by_key[key])
        on_file(number, len(missing))


def _in_custody(connection: Connection, key: str) -> FileInCustody:
    file = file_in_custody(connection, key)
    if file is None:
        raise LookupError(f"{key}: expected an entry of custody that tells of its deposit, found none")
    return file


def _content(
    archive: Archive,
    exhibit: Exhibit,
    captures: dict[str, PackedCapture],
    files: dict[str, SealedFile],
    covering: Covering | None,
) -> ExhibitContent:
    packed = tuple(sorted(captures.values(), key=lambda each: (each.capture.captured_at, each.capture.id)))
    inside = [each.capture for each in packed if not is_arc(each.capture.warc_key)]
    places = {place for capture in inside for place in _places(archive, capture, files[capture.warc_key])}
    with archive.reader.connect() as connection:
        covered = covered_exhibit(archive, connection, exhibit, covering)
    return ExhibitContent(
        exhibit,
        packed,
        tuple(sorted(places, key=lambda each: (each.warc_key, each.offset, each.within or 0))),
        tuple(each for each in packed if is_arc(each.capture.warc_key)),
        tuple(sorted(_without_payload(packed))),
        covered,
    )


def _places(archive: Archive, capture: Capture, file: SealedFile) -> Iterator[RecordPlace]:
    """The capture's record, and what belongs to it in its file."""
    yield RecordPlace.of_capture(capture)
    if file.info is not None:
        yield file.info
    for beside in file.beside.get(capture.record_id, ()):
        yield beside
        if beside.record_type == "metadata":
            for named in certificates_named(archive, beside):
                if (certificate := file.certificates.get(named)) is not None:
                    yield certificate


def _without_payload(packed: Iterable[PackedCapture]) -> Iterator[str]:
    captures = [each.capture for each in packed]
    held = {str(each.payload_digest) for each in captures if each.record_type in ("response", "resource")}
    for each in captures:
        if each.record_type == "revisit" and str(each.payload_digest) not in held:
            yield each.id
