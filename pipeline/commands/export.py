"""Commands that hand evidence over: `export`, `disclosures`.

Whoever runs them has the database's account and sees every case; the page Hand over shows a case to its members
alone.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.arguments import days_in_order
from pipeline.commands.current_user import current_user
from pipeline.commands.search import DAY, archive_for_command, print_count
from pipeline.output import Exit, JsonOption, counted, emit, err, fail, out

if TYPE_CHECKING:
    from pipeline.handover.package import PackageProgress
    from pipeline.handover.package_key import PackageKey
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
    with_original: Annotated[
        bool,
        typer.Option(
            "--with-original",
            help="Hand over what is covered uncovered, too: originals in place of redacted copies.",
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
    from pipeline.handover.selection_file import selection_file

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
        with_original=with_original,
    )
    if from_file is not None:
        beside = (recipient, level, request, freeze, supplement_of, opened)
        if choice.searches or choice.ids or choice.case or any(beside) or preview or with_original:
            raise fail("--from: the file says what goes to whom; expected only --to beside it.", Exit.WRONG_USE)
        if to is None:
            raise fail("--from: expected --to beside it, the folder of the package.", Exit.WRONG_USE)
        frozen = _read_selection(from_file)
        with archive_for_command() as archive:
            _build(archive, frozen, to, part_bytes, _package_key(), as_json=as_json)
        return
    with archive_for_command() as archive:
        if supplement_of is not None:
            choice = _supplement(archive, choice, supplement_of)
        if preview or (freeze is None and to is None):
            _preview(archive, choice, level, as_json=as_json)
            return
        kept = _file_to_keep(freeze, to)
        key = None if to is None else _package_key()
        with selection_file(kept) as file:
            selection = _freeze(
                archive, choice, recipient, level, request, language, opened, supplement_of, reserve=file.reserve
            )
            file.keep(selection.to_json())
        if to is not None and key is not None:
            with _kept_if_not_built(kept, to, is_asked_for=freeze is not None):
                _build(archive, selection, to, part_bytes, key, as_json=as_json)
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


def _file_to_keep(freeze: Path | None, to: Path | None) -> Path:
    """The file of the frozen selection: the one that was named, else one beside the package until it is built."""
    from storage.private_folder import closed_folder

    for name in (freeze, to):
        if name is not None and os.path.lexists(name):
            raise fail(f"{name}: this name is taken; give another. Nothing was frozen.", Exit.WRONG_USE)
    if freeze is not None:
        return freeze
    assert to is not None
    kept = to.with_name(f"{to.name}.selection.json")
    if os.path.lexists(kept):
        raise fail(
            f"{kept}: expected no file, found one: the selection of a package that was not built to its end. "
            f"Build it with `letapis export --from {kept} --to {to}`, or remove the file. Nothing was frozen.",
            Exit.WRONG_USE,
        )
    if not to.parent.exists():
        closed_folder(to.parent)
    return kept


def _package_key() -> "PackageKey":
    """The key, before anything is frozen: without one nothing can be built."""
    from pipeline.config.settings import load_settings
    from pipeline.handover.package_key import prepare_package_key

    return prepare_package_key(load_settings().package_key_file)[0]


@contextmanager
def _kept_if_not_built(kept: Path, to: Path, *, is_asked_for: bool) -> Iterator[None]:
    """Where the building of what was just frozen fails, say that its file is kept; else it goes unless wanted."""
    try:
        yield
    except BaseException:
        err.print(
            f"The frozen selection is kept: `letapis export --from {kept} --to {to}` builds it.", markup=False
        )
        raise
    if not is_asked_for:
        kept.unlink()


def _freeze(
    archive: "Archive",
    choice: Any,
    recipient: str | None,
    level: str | None,
    request: str | None,
    language: str,
    opened: list[str] | None,
    supplement_of: str | None,
    *,
    reserve: Callable[[int], None],
) -> "FrozenSelection":
    from pipeline.config.settings import load_settings
    from pipeline.handover.freezing import freeze, recipient_of
    from pipeline.validation.release_report import release_report
    from storage.access_labels import Role, Viewer

    return freeze(
        archive,
        choice,
        recipient_of(recipient or "", level, request, language),
        viewer=Viewer(current_user(), Role.CUSTODIAN, every_label=True),
        opened=tuple(opened or ()),
        supplement_of=supplement_of,
        validation_report=release_report(load_settings()),
        reserve=reserve,
    )


def _build(
    archive: "Archive",
    selection: "FrozenSelection",
    to: Path,
    part_bytes: int | None,
    key: "PackageKey",
    *,
    as_json: bool,
) -> None:
    from pipeline.handover.building import hand_over
    from pipeline.handover.package import Parts
    from storage.access_labels import Role, Viewer

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


def describe_previewed(row: Mapping[str, Any]) -> str:
    """One row of a preview for a terminal."""
    match row["kind"]:
        case "export_exhibit":
            number = row["number"] or "(new number)"
            others = len(row["captures"]) - 1
            return (
                f"{number}  {row['exhibit_kind']} {row['subject_id']}\n  {row['title']}\n"
                f"  {counted(others, 'capture')} beside it, {len(row['media'])} media, "
                f"{row['length_bytes']:,} bytes"
            )
        case "left_out":
            return f"Stays out: {row['exhibit_kind']} {row['subject_id'] or '(not named)'}. {row['words']}"
    refused = "".join(f"\nCannot be handed over: {each}" for each in row["refused"])
    covered = "".join(f"\n{each}" for each in row["covered"])
    return (
        f"{counted(row['exhibits'], 'exhibit')} of {counted(row['captures'], 'capture')}, "
        f"{row['length_bytes']:,} bytes; {row['left_out']} stay out. "
        f"Level {row['level']}: {row['seen_by']}{covered}{refused}"
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
