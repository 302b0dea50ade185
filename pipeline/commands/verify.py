"""Commands that look whether all is as it was: `verify`, `audit`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.deposit import FromReplica, second_store
from pipeline.commands.search import asked_archive
from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from storage.findings import Verified

FilesOrKeys = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE|KEY]...", help="Files here, or keys of the archive; without any, all of it."),
]
Weeks = Annotated[
    int | None, typer.Option(min=1, max=520, help="All of it in so many audits; LETAPIS_AUDIT_WEEKS unless told.")
]
Renew = Annotated[
    bool,
    typer.Option(
        "--renew",
        help="Make locks longer, by LETAPIS_LOCK_DAYS from now, where they end before the next round is through. "
        "Custody keeps it; in compliance mode nobody can take it back.",
    ),
]
StoreAlone = Annotated[
    bool,
    typer.Option("--store-alone", help="By the store's own chain of custody; asks no database, writes nothing."),
]


def verify(
    what: FilesOrKeys = None,
    replica: FromReplica = False,
    store_alone: StoreAlone = False,
    as_json: JsonOption = False,
) -> None:
    """Re-hash files, or the whole archive, against index, custody chain, locks and time tokens.

    Exit code 1 if anything is not as expected; each mismatch is named with what was expected and what was found.
    """
    from pipeline.config.settings import load_settings
    from pipeline.preserve.time_authority import pinned_roots
    from pipeline.preserve.verify import verified_json
    from pipeline.preserve.verify import verify as look_at

    def show(each: Verified) -> None:
        emit([verified_json(each)], as_json=as_json, human=say_verified)

    if store_alone:
        if what:
            raise fail("--store-alone looks at everything in the store: name no files or keys.", Exit.WRONG_USE)
        found = _by_the_store_alone(show, replica=replica)
    else:
        with asked_archive() as archive:
            store = second_store(archive) if replica else None
            try:
                roots = pinned_roots(load_settings())
                by = current_user()
                found = look_at(archive, what or (), actor=by, on_each=show, roots=roots, store=store)
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
    _judged(found)


def _by_the_store_alone(show: Any, *, replica: bool) -> tuple[Verified, ...]:
    from pipeline.config.archive_factory import open_replica, open_store
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.time_authority import pinned_roots
    from pipeline.preserve.verify import verify_store_alone
    from storage.errors import StorageError

    try:
        settings = load_settings()
        store = open_replica(settings) if replica else open_store(settings)
        if store is None:
            raise fail("No second store is configured: set LETAPIS_REPLICA_*.", Exit.WRONG_USE)
        return verify_store_alone(store, on_each=show, roots=pinned_roots(settings))
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem


def audit(weeks: Weeks = None, renew: Renew = False, as_json: JsonOption = False) -> None:
    """Hash the next share of the archive again, as the weekly audit does; exit code 1 if anything is wrong.

    Prints every mismatch; with --json everything that was looked at, and a last line of kind `audit`. All of the
    archive at once: --weeks 1.
    """
    from pipeline.config.settings import load_settings
    from pipeline.preserve.audit import AuditedObject
    from pipeline.preserve.audit import audit as look_at_share
    from pipeline.preserve.time_authority import pinned_roots

    def show(each: AuditedObject) -> None:
        if as_json or not each.verified.ok:
            emit([each.as_json()], as_json=as_json, human=say_verified)

    with asked_archive() as archive:
        settings = load_settings()
        report = look_at_share(
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


def _judged(found: tuple[Verified, ...]) -> None:
    wrong = sum(not each.ok for each in found)
    remarked = sum(bool(each.remarks) for each in found)
    besides = f", of {remarked} a lock ran out" if remarked else ""
    err.print(f"{len(found)} looked at, {wrong} not as expected{besides}", markup=False)
    if wrong:
        raise typer.Exit(int(Exit.FAILED))


def say_verified(row: Mapping[str, Any]) -> str:
    """One thing that was looked at, with every mismatch on a line of its own."""
    subject = f"{row['subject']} ({row['store']})" if "store" in row else row["subject"]
    lines = [f"  {each['what']}: expected {each['expected']}, found {each['found']}" for each in row["problems"]]
    judged = "as expected" if row["ok"] else "NOT as expected"
    return "\n".join([f"{subject}: {judged}", *lines, *(f"  {remark}" for remark in row["remarks"])])


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(verify)
    app.command()(audit)
