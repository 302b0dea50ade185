"""Commands that hand evidence over: `export`, `disclosures`.

Whoever runs them has the database's account and sees every case; the page Hand over shows a case to its members
alone.
"""

import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.arguments import days_in_order
from pipeline.commands.current_user import current_user
from pipeline.commands.search import DAY, archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, err, fail, out

if TYPE_CHECKING:
    from pipeline.handover.package import PackageProgress
    from pipeline.handover.selection import FrozenSelection
    from storage.archive import Archive

LEVELS: Final = "court|prosecutor|partner|public"
SIZE: Final = re.compile(r"([1-9][0-9]{0,8}) ?(MB|GB|MiB|GiB)", re.ASCII | re.IGNORECASE)
UNITS: Final = {"MB": 10**6, "GB": 10**9, "MIB": 1 << 20, "GIB": 1 << 30}
STEPS: Final = {
    "read": "Sealed files read",
    "exhibits": "Exhibits written",
    "custody": "Custody proved",
    "report": "Report written",
    "bag": "Digests made",
    "zip": "Parts written",
}
"""What the steps of `pipeline.handover.package.PackageProgress` are called."""


def export(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...", help="Words of a search, as for letapis search: what it finds is chosen."
        ),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            metavar="ID",
            help="A capture, a record, a medium (sha256:...) or an exhibit number; repeatable.",
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Choose only records of this kind.")] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Choose only records of this source.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], metavar="DATE", help="Choose records dated this day or later."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], metavar="DATE", help="Choose records dated this day or earlier."),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="The case that is handed over; without other choices, what its requests captured."
        ),
    ] = None,
    no_context: Annotated[
        bool,
        typer.Option(
            "--no-context", help="Leave out posts before and after, versions, lists and failed captures."
        ),
    ] = False,
    supplement_of: Annotated[
        str | None,
        typer.Option(
            metavar="PACKAGE", help="Choose the exhibits of this package to which something has come since."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say what would go, what stays out and why; also without --to.")
    ] = False,
    recipient: Annotated[str | None, typer.Option(metavar="NAME", help="Who receives the package.")] = None,
    level: Annotated[str | None, typer.Option(metavar=LEVELS, help="How much the recipient is shown.")] = None,
    request: Annotated[
        str | None, typer.Option(metavar="REF", help="The request of the recipient that this answers.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="XX", help="The language of the recipient.")] = "en",
    opened: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="NAME", help="Open this committed value of custody to them; repeatable."),
    ] = None,
    freeze: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the frozen selection to this file.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Build the package of this frozen selection, with equal bytes."
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Build the package as this folder, and enter it in the register."),
    ] = None,
    zip_parts: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Build it as one ZIP in parts of this size instead, such as 2GB."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a package for a recipient would hold; with --to, build it."""
    from pipeline.handover.choosing import Choice

    days_in_order(since, until)
    part_bytes = None if zip_parts is None else _size(zip_parts)
    if part_bytes is not None and to is None:
        raise fail("--zip-parts: expected --to beside it, which says where the parts go.", Exit.WRONG_USE)
    choice = Choice(
        text=" ".join(words or ()).strip(),
        kind=kind,
        source=source,
        since=since and since.date(),
        until=until and until.date(),
        case=case,
        ids=tuple(ids or ()),
        context=not no_context,
    )
    if from_file is not None:
        beside = (recipient, level, request, freeze, supplement_of, opened)
        if choice.searches or choice.ids or choice.case or any(beside) or preview:
            raise fail("--from: the file says what goes to whom; expected only --to beside it.", Exit.WRONG_USE)
        if to is None:
            raise fail("--from: expected --to beside it, the folder of the package.", Exit.WRONG_USE)
        frozen = _read_selection(from_file)
        with archive_for_command() as archive:
            _build(archive, frozen, to, part_bytes, as_json=as_json)
        return
    with archive_for_command() as archive:
        if supplement_of is not None:
            choice = _supplement(archive, choice, supplement_of)
        if preview or (freeze is None and to is None):
            _preview(archive, choice, level, as_json=as_json)
            return
        for name in (freeze, to):
            if name is not None and os.path.lexists(name):
                raise fail(f"{name}: this name is taken; give another. Nothing was frozen.", Exit.WRONG_USE)
        selection = _freeze(archive, choice, recipient, level, request, language, opened, supplement_of)
        if freeze is not None:
            _write_whole(freeze, selection.to_json())
        if to is not None:
            _build(archive, selection, to, part_bytes, as_json=as_json)
            return
    row = {
        "kind": "frozen_selection",
        "package_id": selection.package_id,
        "file": str(freeze),
        "exhibits": [each.number for each in selection.exhibits],
        "left_out": len(selection.left_out),
    }
    emit([row], as_json=as_json, human=describe_frozen)


def disclosures(
    recipient: Annotated[
        str | None, typer.Argument(metavar="[RECIPIENT]", help="Only what this recipient has received.")
    ] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="Say of each exhibit that they have what has changed since.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List what was handed over to whom, the newest first; or what of it has changed since."""
    from pipeline.handover.register import changed_row, changes_since, disclosure_row
    from storage.access_labels import EVERYONE
    from storage.ledger.disclosures import disclosures_to

    if changes and recipient is None:
        raise fail("--changes: expected the name of a recipient beside it, found none.", Exit.WRONG_USE)
    with archive_for_command() as archive:
        if changes and recipient is not None:
            found = changes_since(archive, recipient, viewer=EVERYONE)
            count = emit(map(changed_row, found), as_json=as_json, human=describe_changed)
            print_count(count, "exhibit")
            return
        with archive.reader.connect() as connection:
            listed = disclosures_to(connection, recipient)
        count = emit(map(disclosure_row, listed), as_json=as_json, human=describe_disclosure)
    print_count(count, "disclosure")


def _supplement(archive: "Archive", choice: Any, package_id: str) -> Any:
    from pipeline.handover.register import choice_of_supplement
    from storage.access_labels import EVERYONE

    if choice.searches or choice.ids or choice.case:
        raise fail(
            "--supplement-of: expected no other choice beside it; the package says what is looked at again.",
            Exit.WRONG_USE,
        )
    return choice_of_supplement(archive, package_id, viewer=EVERYONE)[0]


def _preview(archive: "Archive", choice: Any, level: str | None, *, as_json: bool) -> None:
    from pipeline.handover.choosing import preview
    from pipeline.handover.preview_rows import preview_rows
    from pipeline.handover.selection import DisclosureLevel
    from storage.access_labels import EVERYONE

    if level is not None and level not in set(DisclosureLevel):
        raise fail(f"--level: expected one of {LEVELS}, found {level!r}.", Exit.WRONG_USE)
    if level is None and not as_json:
        out.print("No --level is named, so this is what the public would receive.", markup=False)
    seen = preview(archive, choice, DisclosureLevel(level or "public"), viewer=EVERYONE)
    emit(preview_rows(seen), as_json=as_json, human=describe_previewed)


def _freeze(
    archive: "Archive",
    choice: Any,
    recipient: str | None,
    level: str | None,
    request: str | None,
    language: str,
    opened: list[str] | None,
    supplement_of: str | None,
) -> "FrozenSelection":
    from pipeline.handover.freezing import freeze, recipient_of
    from storage.access_labels import Role, Viewer

    return freeze(
        archive,
        choice,
        recipient_of(recipient or "", level, request, language),
        viewer=Viewer(current_user(), Role.CUSTODIAN, every_label=True),
        opened=tuple(opened or ()),
        supplement_of=supplement_of,
    )


def _build(
    archive: "Archive", selection: "FrozenSelection", to: Path, part_bytes: int | None, *, as_json: bool
) -> None:
    from pipeline.config.settings import load_settings
    from pipeline.handover.building import hand_over
    from pipeline.handover.package import Parts
    from pipeline.handover.package_key import prepare_package_key
    from storage.access_labels import Role, Viewer

    key, _ = prepare_package_key(load_settings().package_key_file)
    done = hand_over(
        archive,
        selection,
        to,
        key=key,
        viewer=Viewer(current_user(), Role.CUSTODIAN, every_label=True),
        parts=None if part_bytes is None else Parts(part_bytes),
        on_progress=_Progress(),
    )
    package, disclosure = done.package, done.disclosure
    row = {
        "kind": "package",
        "package_id": selection.package_id,
        "folder": None if package.folder is None else str(package.folder),
        "parts": [
            {"path": str(each.path), "sha256": str(each.sha256), "length_bytes": each.length_bytes}
            for each in package.parts
        ],
        "digest": str(package.digest),
        "files": package.files,
        "length_bytes": package.length_bytes,
        "exhibits": [each.number for each in selection.exhibits],
        "recipient": selection.recipient.name,
        "level": selection.recipient.level.value,
        "not_proved": [{"warc_key": key, "because": why} for key, why in sorted(package.not_proved.items())],
        "custody_seq": disclosure.seq,
    }
    emit([row], as_json=as_json, human=describe_package)


class _Progress:
    """Says on stderr which step of the building is how far, at each tenth of it."""

    def __init__(self) -> None:
        self._said: tuple[str, int] | None = None

    def __call__(self, progress: "PackageProgress") -> None:
        tenth = 10 if progress.total == 0 else 10 * progress.done // progress.total
        if (progress.step, tenth) != self._said:
            self._said = progress.step, tenth
            err.print(f"{STEPS.get(progress.step, progress.step)}: {10 * tenth} %", markup=False)


def _read_selection(path: Path) -> "FrozenSelection":
    from pipeline.handover.selection import FrozenSelection, SelectionFormatError

    try:
        return FrozenSelection.from_json(path.read_bytes())
    except SelectionFormatError as problem:
        raise fail(f"{path}: {problem}", Exit.WRONG_USE) from problem
    except OSError as problem:
        raise fail(f"{path}: {problem.strerror}. Nothing was built.", Exit.WRONG_USE) from problem


def _size(text: str) -> int:
    """Bytes of a size such as ``2GB`` (10**9) or ``700MiB`` (2**20)."""
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise fail(f"--zip-parts: expected a size such as 2GB or 700MB, found {text!r}.", Exit.WRONG_USE)
    return int(found[1]) * UNITS[found[2].upper()]


def _write_whole(path: Path, content: bytes) -> None:
    """Write the file under another name first, so that none is there that is not whole."""
    begun = path.with_name(f".{path.name}.begun")
    try:
        begun.write_bytes(content)
        begun.rename(path)
    except OSError:
        begun.unlink(missing_ok=True)
        raise


def describe_previewed(row: Mapping[str, Any]) -> str:
    """One row of a preview for a terminal."""
    match row["kind"]:
        case "export_exhibit":
            number = row["number"] or "(new number)"
            others = len(row["captures"]) - 1
            return (
                f"{number}  {row['exhibit_kind']} {row['subject_id']}\n  {row['title']}\n"
                f"  {others} captures beside it, {len(row['media'])} media, {row['length_bytes']:,} bytes"
            )
        case "left_out":
            return f"Stays out: {row['exhibit_kind']} {row['subject_id'] or '(not named)'}. {row['words']}"
    refused = "".join(f"\nCannot be handed over: {each}" for each in row["refused"])
    return (
        f"{row['exhibits']} exhibits of {row['captures']} captures, {row['length_bytes']:,} bytes; "
        f"{row['left_out']} stay out. Level {row['level']}: {row['seen_by']}{refused}"
    )


def describe_frozen(row: Mapping[str, Any]) -> str:
    """What was frozen, for a terminal."""
    return (
        f"Package {row['package_id']}: {len(row['exhibits'])} exhibits, {row['exhibits'][0]} to "
        f"{row['exhibits'][-1]}, are frozen in {row['file']}. Nothing was disclosed yet."
    )


def describe_package(row: Mapping[str, Any]) -> str:
    """A package that was built, for a terminal."""
    where = row["folder"] or f"{row['parts'][0]['path']} and {len(row['parts']) - 1} more parts"
    missing = "".join(f"\nNot proved yet: {each['warc_key']}: {each['because']}" for each in row["not_proved"])
    return (
        f"Package {row['package_id']} for {row['recipient']} ({row['level']}): {len(row['exhibits'])} exhibits, "
        f"{row['files']} files, {row['length_bytes']:,} bytes, in {where}\n"
        f"  {row['digest']}, entered in the register as custody entry {row['custody_seq']}{missing}"
    )


def describe_disclosure(row: Mapping[str, Any]) -> str:
    """One line of the register for a terminal."""
    request = f" on request {row['request']}" if row["request"] else ""
    supplement = f", a supplement of {row['supplement_of']}" if row["supplement_of"] else ""
    return (
        f"{row['at']:%Y-%m-%d %H:%M} UTC  {row['recipient']} ({row['level']}){request}: package "
        f"{row['package_id']}{supplement}, {len(row['exhibits'])} exhibits, by {row['actor']}\n"
        f"  {row['package_digest']}"
    )


def describe_changed(row: Mapping[str, Any]) -> str:
    """What has changed of one exhibit, for a terminal."""
    changes = f"{len(row['added'])} captures have come, {len(row['gone'])} would not go any more"
    state = row["gone_because"] or (changes if row["added"] or row["gone"] else "unchanged")
    received = f"received {row['received_at']:%Y-%m-%d} in {row['package_id']}"
    return f"{row['number']}  {row['title']}\n  {received}: {state}"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export)
    app.command("disclosures")(disclosures)
