"""Builds the package of a frozen selection: a bag that can be checked without us, as a folder or a ZIP in parts.

In: an archive, a `FrozenSelection`, the folder to be made, the key of packages. Out: `BuiltPackage`. Guaranteed:
the same selection gives the same bytes; the package takes its name only when every byte of it is on the disk, and
what fails leaves nothing under that name. Memory does not grow with the size of the evidence. Raises
`PackageRefusedError`, `PackageDiskError`, and the errors of `storage`. Source: decision 40.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from importlib.resources import files
from pathlib import Path
from typing import Final

from pipeline.handover.bag import Bagged, files_of_bag, make_bag, sync_tree
from pipeline.handover.case_uco import case_jsonld
from pipeline.handover.custody_part import CustodyPart, write_custody
from pipeline.handover.exhibit_content import ExhibitContent, PackageContent, package_content
from pipeline.handover.exhibit_records import exhibit_json, sightings_of_exhibit
from pipeline.handover.exhibit_status import statuses_of_exhibit
from pipeline.handover.exhibit_wacz import write_wacz
from pipeline.handover.load_file import LoadedExhibit, load_file
from pipeline.handover.media_formats import MediumFormat, formats_of_media
from pipeline.handover.multi_wacz import multi_wacz_index
from pipeline.handover.package_errors import PackageDiskError, PackageRefusedError
from pipeline.handover.package_key import PackageKey
from pipeline.handover.plain_json import plain_json
from pipeline.handover.premis import premis_xml
from pipeline.handover.readme import readme_text
from pipeline.handover.redaction.covered_exhibits import bare_status
from pipeline.handover.report.write import write_report
from pipeline.handover.selection import FrozenSelection
from pipeline.handover.zip_parts import (
    MOST_PARTS,
    SMALLEST_PART_BYTES,
    WrittenPart,
    parts_text,
    write_zip_parts,
)
from pipeline.validation.as_text import validation_text
from pipeline.validation.release_report import kept_report
from processors.digest import Digest, sha256
from processors.formats.file_format import FormatIdentifier
from storage.archive import Archive
from storage.deposit.record_reader import record_alone
from storage.private_folder import closed_folder
from storage.warc.writer import sync_folder

BEGUN: Final = ".begun"
"""What is not yet a package lies beside it under a hidden name with this ending."""
NEEDED_BESIDES_BYTES: Final = 64 << 20
"""For everything but the evidence: tables, proofs, report."""
VERIFIERS: Final = ("verify.py", "verify.html", "by-hand.html")
FOLDERS: Final = ("evidence", "records", "custody", "report", "verify")


@dataclass(frozen=True, slots=True)
class Parts:
    """A package as one ZIP in parts of this many bytes."""

    part_bytes: int


@dataclass(frozen=True, slots=True)
class PackageProgress:
    """How far the building is: ``done`` of ``total`` of a step; of the steps ``bag`` and ``zip`` these are bytes.

    ``step`` is one of ``read``, ``exhibits``, ``custody``, ``report``, ``bag``, ``zip``.
    """

    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """Where the package is: a folder, or parts.

    ``digest`` is the sha256 of its ``tagmanifest-sha256.txt``, which covers every file of it; ``files`` and
    ``length_bytes`` are of its payload. ``not_proved`` says why custody cannot prove a sealed file yet, by its
    key.
    """

    folder: Path | None
    parts: tuple[WrittenPart, ...]
    digest: Digest
    files: int
    length_bytes: int
    not_proved: dict[str, str]


OnProgress = Callable[[PackageProgress], None]


def _no_progress(_: PackageProgress) -> None:
    """Nobody watches."""


def build_package(
    archive: Archive,
    selection: FrozenSelection,
    folder: Path,
    *,
    key: PackageKey,
    parts: Parts | None = None,
    on_progress: OnProgress = _no_progress,
) -> BuiltPackage:
    """Build ``folder``, or with ``parts`` ``<folder>.zip.001`` and so on and ``<folder>.parts.txt``."""
    if not selection.exhibits:
        raise PackageRefusedError("the selection", "at least one exhibit", "none", "choose anew.")
    if parts is not None and parts.part_bytes < SMALLEST_PART_BYTES:
        expected = f"parts of at least {SMALLEST_PART_BYTES} bytes"
        raise PackageRefusedError("its parts", expected, str(parts.part_bytes), "name a larger size.")
    _require_free_name(folder, parts)
    try:
        with _begun(folder) as begun:
            bagged, custody = _fill(archive, selection, begun / folder.name, key, parts, on_progress)
            if parts is None:
                sync_tree(begun / folder.name)
                _take_name(begun / folder.name, folder)
                written: tuple[WrittenPart, ...] = ()
            else:
                written = _zipped(selection, begun, folder, parts, on_progress)
    except OSError as problem:
        raise PackageDiskError(folder, problem) from problem
    return BuiltPackage(
        folder if parts is None else None,
        written,
        bagged.digest,
        bagged.files,
        bagged.length_bytes,
        custody.not_proved,
    )


def _require_free_name(folder: Path, parts: Parts | None) -> None:
    names = (folder,) if parts is None else (_parts_list(folder), _zip(folder).with_name(f"{folder.name}.zip.001"))
    for name in names:
        if os.path.lexists(name):
            raise PackageRefusedError(str(name), "a name that is free", "something", "name another folder.")


@contextmanager
def _begun(folder: Path) -> Iterator[Path]:
    """A folder beside the package for what is not yet one; what a killed run left there goes."""
    if not folder.parent.exists():
        closed_folder(folder.parent)
    begun = folder.parent / f".{folder.name}{BEGUN}"
    begun.mkdir(mode=0o700, exist_ok=True)
    with (begun / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            raise PackageRefusedError(
                str(folder), "nobody else who builds it", "another process", "wait until it has ended."
            ) from taken
        for left in begun.iterdir():
            if left.name != ".lock":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield begun
        finally:
            shutil.rmtree(begun, ignore_errors=True)


def _fill(
    archive: Archive,
    selection: FrozenSelection,
    bag: Path,
    key: PackageKey,
    parts: Parts | None,
    on_progress: OnProgress,
) -> tuple[Bagged, CustodyPart]:
    """Everything of the package below ``bag``."""
    data = bag / "data"
    for name in FOLDERS:
        (data / name).mkdir(parents=True)
    content = package_content(
        archive, selection, lambda done, total: on_progress(PackageProgress("read", done, total))
    )
    _require_room(bag, content, parts)
    frozen = selection.to_json()
    (data / "selection.json").write_bytes(frozen)
    (data / "README.txt").write_bytes(readme_text(selection))
    loaded: list[LoadedExhibit] = []
    with FormatIdentifier() as identifier:
        for number, exhibit in enumerate(content.exhibits, start=1):
            formats = formats_of_media(archive, exhibit, identifier)
            loaded.append(_write_exhibit(archive, selection, exhibit, content, data, key, formats))
            on_progress(PackageProgress("exhibits", number, len(content.exhibits)))
    custody = write_custody(archive, selection, content.files, data / "custody", key)
    on_progress(PackageProgress("custody", len(custody.proofs), len(content.files)))
    _write_tables(selection, loaded, custody, data)
    covered = {each.exhibit.number: each.covered for each in content.exhibits if each.covered is not None}
    write_report(archive, selection, data / "report", covered, validation_report=selection.validation_report)
    if selection.validation_report is not None:
        validated = kept_report(archive, selection.validation_report)
        (data / "report" / "validation-report.json").write_bytes(validated.content)
        (data / "report" / "validation-report.txt").write_text(validation_text(validated), "utf-8")
    on_progress(PackageProgress("report", 1, 1))
    _copy_verifiers(data / "verify")
    total = sum(each.stat().st_size for each in data.rglob("*") if each.is_file())
    bagged = make_bag(
        bag, _bag_info(selection, frozen), lambda done: on_progress(PackageProgress("bag", done, total))
    )
    return bagged, custody


def _write_exhibit(
    archive: Archive,
    selection: FrozenSelection,
    content: ExhibitContent,
    package: PackageContent,
    data: Path,
    key: PackageKey,
    formats: Mapping[str, MediumFormat],
) -> LoadedExhibit:
    number = content.exhibit.number
    wacz = None
    if content.captures:
        wacz = write_wacz(
            archive,
            content,
            data / "evidence" / f"{number}.wacz",
            key=key,
            at=selection.frozen_at,
            software=_software(selection),
        )
    outside: dict[str, str] = {}
    for place, packed in enumerate(content.outside, start=1):
        name = f"{number}-{place}.arc{'.gz' if packed.capture.warc_key.endswith('.gz') else ''}"
        with (data / "evidence" / name).open("xb") as file:
            for chunk in record_alone(archive, packed.capture)[1]:
                file.write(chunk)
        outside[packed.capture.id] = f"data/evidence/{name}"
    with archive.reader.connect() as connection:
        sightings = sightings_of_exhibit(connection, content)
        statuses = statuses_of_exhibit(connection, content.exhibit, sightings, selection.frozen_at)
    if content.covered is not None:
        statuses = tuple(map(bare_status, statuses))
    loaded = LoadedExhibit(content, sightings, wacz, formats, statuses)
    described = exhibit_json(loaded, package.stated, outside)
    (data / "records" / f"{number}.json").write_bytes(plain_json(described))
    return loaded


def _write_tables(
    selection: FrozenSelection, loaded: list[LoadedExhibit], custody: CustodyPart, data: Path
) -> None:
    records = data / "records"
    index = multi_wacz_index(
        (each.wacz for each in loaded if each.wacz is not None),
        title=selection.package_id,
        at=selection.frozen_at,
        software=_software(selection),
    )
    (data / "evidence" / "index.json").write_bytes(index)
    (records / "load-file.csv").write_bytes(load_file(loaded))
    (records / "case.jsonld").write_bytes(case_jsonld(selection, loaded))
    (records / "premis.xml").write_bytes(premis_xml(selection, loaded, custody.proofs))


def _copy_verifiers(folder: Path) -> None:
    """The programs and pages that check a package, as they are."""
    for name in VERIFIERS:
        (folder / name).write_bytes((files("pipeline.handover.verifier") / name).read_bytes())


def _require_room(bag: Path, content: PackageContent, parts: Parts | None) -> None:
    evidence = sum(place.length for exhibit in content.exhibits for place in exhibit.records)
    needed = (evidence + NEEDED_BESIDES_BYTES) * (1 if parts is None else 2)
    if needed > shutil.disk_usage(bag).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if parts is not None and evidence > MOST_PARTS * parts.part_bytes:
        raise PackageRefusedError(
            "its parts",
            f"at most {MOST_PARTS} of them",
            f"{evidence} bytes in parts of {parts.part_bytes}",
            "name a larger size.",
        )


def _zipped(
    selection: FrozenSelection,
    begun: Path,
    folder: Path,
    parts: Parts,
    on_progress: OnProgress,
) -> tuple[WrittenPart, ...]:
    """The parts and their list; the list takes its name last, so that whoever finds it has every part."""
    total = sum(each.stat().st_size for each in files_of_bag(begun / folder.name))
    made = write_zip_parts(
        begun / folder.name,
        begun / _zip(folder).name,
        part_bytes=parts.part_bytes,
        root=folder.name,
        at=selection.frozen_at,
        on_bytes=lambda done: on_progress(PackageProgress("zip", done, total)),
    )
    drafted = begun / _parts_list(folder).name
    drafted.write_bytes(parts_text(made))
    sync_tree(begun)
    placed = [WrittenPart(folder.parent / each.path.name, each.length_bytes, each.sha256) for each in made]
    try:
        for each in reversed(made):  # whoever finds the first part has all of them
            _take_name(each.path, folder.parent / each.path.name)
        _take_name(drafted, _parts_list(folder))
    except OSError:
        for part in placed:
            part.path.unlink(missing_ok=True)
        raise
    return tuple(placed)


def _take_name(made: Path, final: Path) -> None:
    made.rename(final)
    sync_folder(final.parent)


def _zip(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.zip")


def _parts_list(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.parts.txt")


def _software(selection: FrozenSelection) -> str:
    return f"{selection.software.name}/{selection.software.version}"


def _bag_info(selection: FrozenSelection, frozen: bytes) -> tuple[tuple[str, str], ...]:
    """The reserved names of section 2.2.2, then ours; a request or an earlier package where there is one."""
    recipient, validated = selection.recipient, selection.validation_report
    optional = (
        ("Letapis-Request", recipient.request),
        ("Letapis-Supplement-Of", selection.supplement_of),
        ("Letapis-Software-Tree", selection.software.tree),
        ("Letapis-Validation-Report", None if validated is None else str(validated)),
    )
    return (
        ("External-Identifier", selection.package_id),
        ("Bagging-Date", selection.frozen_at.astimezone(UTC).date().isoformat()),
        ("Bag-Software-Agent", _software(selection)),
        ("Letapis-Recipient", recipient.name),
        ("Letapis-Disclosure-Level", recipient.level.value),
        ("Letapis-Exhibits", str(len(selection.exhibits))),
        ("Letapis-Selection-SHA256", sha256(frozen).hex),
        *((name, value) for name, value in optional if value is not None),
    )
