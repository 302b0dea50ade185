"""Commands that check evidence against what was recorded: `verify`, `audit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.deposit import FromReplica, second_store
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from storage.findings import Verified
    from storage.sealing_keys import SealingKeys

FilesOrKeys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|KEY]...",
        help="Files on this machine, or keys of the archive; without any, the whole archive.",
    ),
]
Weeks = Annotated[
    int | None,
    typer.Option(min=1, max=520, help="Check everything in so many audits. Default: LETAPIS_AUDIT_WEEKS."),
]
Renew = Annotated[
    bool,
    typer.Option(
        "--renew",
        help="Extend locks, by LETAPIS_LOCK_DAYS from now, where they end before the next round is complete. "
        "This is entered into custody; in compliance mode nobody can take it back.",
    ),
]
Catalogue = Annotated[
    bool,
    typer.Option(
        "--catalogue",
        help="Read the files once more and compare what analysts read (captures, outcomes, records, pictures) "
        "with what the files give. Takes as long as `letapis rebuild`; the catalogue in use is not changed.",
    ),
]
StoreAlone = Annotated[
    bool,
    typer.Option(
        "--store-alone",
        help="Use only the custody ledger in the store: no database is needed, nothing is written.",
    ),
]


Checkpoints = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Hold this signed checkpoint, kept elsewhere, against the entries in the store, and nothing else.",
    ),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="KEY|FILE",
        help="The verifier key of the log as it was noted elsewhere: NAME+HASH+KEY, or a file that holds it.",
    ),
]


def verify(
    what: FilesOrKeys = None,
    replica: FromReplica = False,
    store_alone: StoreAlone = False,
    checkpoint: Checkpoints = None,
    key: Keys = None,
    catalogue: Catalogue = False,
    as_json: JsonOption = False,
) -> None:
    """Check files, or the whole archive, against index, custody ledger, locks and trusted timestamps.

    Exit code 1 if anything is not as expected; each mismatch is printed with what was expected and what was found.
    """
    from pipeline.config.settings import load_settings
    from pipeline.preserve.held_checkpoints import OutsideLog, outside_log
    from pipeline.preserve.time_authority import pinned_roots
    from pipeline.preserve.verify import verified_json
    from pipeline.preserve.verify import verify as verify_archive

    def show(each: Verified) -> None:
        emit([verified_json(each)], as_json=as_json, human=describe_verified)

    if catalogue:
        if replica or store_alone:
            raise fail("--catalogue checks the database. Leave out --replica and --store-alone.", Exit.WRONG_USE)
        _verify_catalogue(show, what, as_json=as_json)
        return
    if key and not checkpoint:
        raise fail("--key belongs to --checkpoint FILE.", Exit.WRONG_USE)
    if checkpoint:
        if what:
            raise fail(
                "--checkpoint holds a checkpoint against all entries. Leave out the files and keys.",
                Exit.WRONG_USE,
            )
        found = _verify_checkpoints(show, checkpoint, key or (), replica=replica)
    elif store_alone:
        if what:
            raise fail(
                "--store-alone checks everything in the store. Leave out the files and keys.", Exit.WRONG_USE
            )
        found = _verify_store_alone(show, replica=replica)
    else:
        with archive_for_command() as archive:
            store = second_store(archive) if replica else None
            _warn_without_keys(archive.sealing)
            try:
                roots = pinned_roots(load_settings())
                user = current_user()
                outside = OutsideLog() if what else outside_log(load_settings(), archive)
                found = verify_archive(
                    archive, what or (), actor=user, on_each=show, roots=roots, store=store, outside=outside
                )
            except FileNotFoundError as missing:
                raise fail(str(missing), Exit.WRONG_USE) from missing
            if not what:
                from pipeline.preserve.replicate import replication_status
                from pipeline.preserve.timestamp import describe_pending_timestamp, timestamp_status

                for sentence in (
                    *map(describe_pending_timestamp, timestamp_status(archive)),
                    *replication_status(archive).pending_sentences(),
                ):
                    err.print(sentence, markup=False)
    _print_summary(found)


def _verify_checkpoints(
    show: Any, files: Sequence[Path], keys: Sequence[str], *, replica: bool
) -> tuple[Verified, ...]:
    from pipeline.config.archive_factory import open_replica, open_store
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.held_checkpoints import verify_checkpoints
    from storage.errors import StorageError

    try:
        settings = load_settings()
        first, second = open_store(settings), open_replica(settings)
        store, other = (second, first) if replica else (first, second)
        if store is None:
            raise fail("No second store is configured: set LETAPIS_REPLICA_*.", Exit.WRONG_USE)
        found = verify_checkpoints(store, files, keys, others=() if other is None else (other,))
    except (SettingsError, OSError, ValueError) as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    for each in found:
        show(each)
    return found


def _verify_catalogue(show: Any, keys: list[str] | None, *, as_json: bool) -> None:
    from pipeline.config.settings import load_settings
    from pipeline.process.catalogue_check import check_catalogue
    from pipeline.process.run import ProcessError, extension_use

    with archive_for_command() as archive:
        try:
            check = check_catalogue(
                archive,
                keys or None,
                actor=current_user(),
                extensions=extension_use(load_settings()),
                on_each=show,
                on_progress=lambda sentence: err.print(sentence, markup=False),
            )
        except LookupError as missing:
            raise fail(f"{missing.args[0]} Nothing was compared.", Exit.WRONG_USE) from missing
        except ProcessError as unread:
            raise fail(f"{unread}\nNothing was compared, and the catalogue in use was not changed.") from unread
    if as_json:
        emit([check.as_json()], as_json=True, human=str)
    err.print(check.sentence(), markup=False)
    if check.differing:
        raise typer.Exit(int(Exit.FAILED))


def _verify_store_alone(show: Any, *, replica: bool) -> tuple[Verified, ...]:
    from pipeline.config.archive_factory import open_replica, open_store, sealing_keys
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.time_authority import pinned_roots
    from pipeline.preserve.verify import verify_store_alone
    from storage.errors import StorageError

    try:
        settings = load_settings()
        store = open_replica(settings) if replica else open_store(settings)
        if store is None:
            raise fail("No second store is configured: set LETAPIS_REPLICA_*.", Exit.WRONG_USE)
        keys = sealing_keys(settings)
        _warn_without_keys(keys)
        return verify_store_alone(store, keys=keys, on_each=show, roots=pinned_roots(settings))
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem


def _warn_without_keys(keys: SealingKeys | None) -> None:
    if keys is None:
        err.print(
            "No sealing keys are here (LETAPIS_SEALING_KEYS): sealed objects are checked by their digests alone.",
            markup=False,
        )


def audit(weeks: Weeks = None, renew: Renew = False, as_json: JsonOption = False) -> None:
    """Check the next share of the archive, as the weekly audit does; exit code 1 if anything is wrong.

    Prints every mismatch; with --json everything that was checked, and a last line of kind `audit`. To check the
    whole archive at once: --weeks 1.
    """
    from pipeline.config.settings import load_settings
    from pipeline.preserve.audit import AuditedObject
    from pipeline.preserve.audit import audit as audit_share
    from pipeline.preserve.time_authority import pinned_roots

    def show(each: AuditedObject) -> None:
        if as_json or not each.verified.ok:
            emit([each.as_json()], as_json=as_json, human=describe_verified)

    with archive_for_command() as archive:
        settings = load_settings()
        report = audit_share(
            archive,
            weeks=weeks or settings.audit_weeks,
            actor=settings.collector,
            roots=pinned_roots(settings),
            renew=renew or settings.renew_locks,
            on_each=show,
            on_progress=lambda sentence: err.print(sentence, markup=False),
        )
    emit([report.as_json()], as_json=as_json, human=lambda _: "\n".join(report.sentences()))
    if as_json:
        for sentence in report.sentences()[1:]:
            err.print(sentence, markup=False)
    if report.wrong or report.not_renewed():
        raise typer.Exit(int(Exit.FAILED))


def _print_summary(found: tuple[Verified, ...]) -> None:
    wrong = sum(not each.ok for each in found)
    remarked = sum(bool(each.remarks) for each in found)
    more = f" {remarked} with remarks." if remarked else ""
    err.print(f"{len(found)} checked, {wrong} not as expected.{more}", markup=False)
    if wrong:
        raise typer.Exit(int(Exit.FAILED))


def describe_verified(row: Mapping[str, Any]) -> str:
    """One thing that was checked, with every mismatch on a line of its own."""
    subject = f"{row['subject']} ({row['store']})" if "store" in row else row["subject"]
    lines = [f"  {each['what']}: expected {each['expected']}, found {each['found']}" for each in row["problems"]]
    result = "as expected" if row["ok"] else "NOT as expected"
    return "\n".join([f"{subject}: {result}", *lines, *(f"  {remark}" for remark in row["remarks"])])


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(verify)
    app.command()(audit)
