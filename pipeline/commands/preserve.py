"""Commands about preservation: `copies`, `timestamps`, `custody`, `accesses`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import custody_name
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, counted, emit, err, fail, to_json

if TYPE_CHECKING:
    from storage.archive import Archive


def copies(
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Also copy what the second store has confirmed once and lacks now, as after its loss.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy pending objects to the second store; exit code 3 if some are still pending."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.replicate import (
        copied_json,
        describe_copied,
        describe_pending,
        pending_copy_json,
        replicate_pending,
    )
    from storage.deposit.replication import replicate_again
    from storage.errors import StorageError

    try:
        settings = load_settings()
        with opened_archive(settings) as archive:
            anew = None
            if again and archive.replica is not None:
                archive.replica.ensure_bucket()
                anew = replicate_again(
                    archive, actor=settings.collector, on_progress=lambda line: err.print(line, markup=False)
                )
            report = replicate_pending(archive, actor=settings.collector)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        raise fail(
            f"The database does not answer: {str(problem.orig).strip()}\nCheck that the stack is running."
        ) from problem
    rows = [*map(copied_json, report.copied), *map(pending_copy_json, report.pending)]
    sentences = iter([*map(describe_copied, report.copied), *map(describe_pending, report.pending)])
    emit(rows, as_json=as_json, human=lambda _: next(sentences))
    for sentence in report.problems if report.configured else report.sentences():
        err.print(sentence, markup=False)
    if anew is not None:
        for refused in anew.problems:
            err.print(f"Second copy: {refused}", markup=False)
        err.print(
            f"{counted(anew.copied, 'object')} copied again, {len(anew.problems)} refused. Entries of the custody "
            f"ledger: {anew.entries} copied again.",
            markup=False,
        )
    err.print(
        f"{len(report.copied)} objects copied, {len(report.pending)} pending. Entries of the custody ledger: "
        f"{report.entries} copied, {report.pending_entries} pending.",
        markup=False,
    )
    if not report.is_complete or (anew is not None and anew.problems):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def timestamps(
    renew: Annotated[
        bool,
        typer.Option(
            "--renew", help="Renew the tokens whose certificates or algorithms end soon, as the DAG does."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Request pending trusted timestamps (RFC 3161); exit code 3 if some are pending, or due and not renewed."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.renew import renew_timestamps, renewal_rows
    from pipeline.preserve.timestamp import (
        NO_TIME_AUTHORITY,
        describe_obtained,
        describe_pending_timestamp,
        obtained_json,
        pending_timestamp_json,
        request_timestamps,
    )
    from storage.errors import StorageError

    try:
        settings = load_settings()
        with opened_archive(settings) as archive:
            report = request_timestamps(settings, archive, occasion="command")
            renewal = renew_timestamps(settings, archive) if renew else None
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        raise fail(
            f"The database does not answer: {str(problem.orig).strip()}\nCheck that the stack is running."
        ) from problem
    if not report.configured:
        err.print(f"{NO_TIME_AUTHORITY} (LETAPIS_TIME_AUTHORITIES)", markup=False)
    rows = [*map(obtained_json, report.obtained), *map(pending_timestamp_json, report.pending)]
    sentences = iter([*map(describe_obtained, report.obtained), *map(describe_pending_timestamp, report.pending)])
    emit(rows, as_json=as_json, human=lambda _: next(sentences))
    if renewal is not None:
        emit(renewal_rows(renewal), as_json=as_json, human=lambda row: str(row["sentence"]))
        for problem_of_renewal in renewal.problems:
            err.print(problem_of_renewal, markup=False)
    if report.pending or (renewal is not None and renewal.due):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def custody(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID|KEY|URL]", help="A capture, a WARC file, or a URL for each of its captures."),
    ] = None,
    proof: Annotated[
        bool,
        typer.Option(
            "--proof",
            help="Give the entries about it with proofs that they are in the log, and no other entry.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the proof to this new file instead of printing it.")
    ] = None,
    rotate_key: Annotated[
        bool,
        typer.Option("--rotate-key", help="Let a new key sign the log; the old one signs that it does."),
    ] = False,
    key_lost: Annotated[
        bool,
        typer.Option(
            "--key-lost",
            help="Let a new key sign the log, since the old one is lost for good; `letapis verify` says so.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the custody status: deposit, copies, locks, trusted timestamps; of the whole log without a name."""
    anew = rotate_key or key_lost
    if anew or name is None:
        if proof or out is not None or (anew and name is not None) or (rotate_key and key_lost):
            wrong = "Name a capture for --proof and --out, and nothing with --rotate-key or --key-lost."
            raise fail(wrong, Exit.WRONG_USE)
        _log_status(rotate=rotate_key, lost=key_lost, as_json=as_json)
        return
    if out is not None and not proof:
        raise fail("--out belongs to --proof.", Exit.WRONG_USE)
    custody_name(name)
    if proof:
        _custody_proof(name, out, as_json=as_json)
        return
    with archive_for_command() as archive:
        if not emit(_custody_rows(archive, name), as_json=as_json, human=describe_custody):
            raise fail(f"The archive has nothing of {name}. This does not show whether it existed.")


def _log_status(*, rotate: bool, lost: bool, as_json: bool) -> None:
    """The newest checkpoint, which is what is to be kept elsewhere, and the key to verify it with."""
    from pipeline.config.settings import load_settings
    from pipeline.preserve.checkpoint import (
        checkpoint_json,
        key_json,
        key_of_log,
        newest_checkpoint,
        replace_lost_log_key,
        rotate_log_key,
    )

    with archive_for_command() as archive:
        if rotate or lost:
            key = (rotate_log_key if rotate else replace_lost_log_key)(load_settings(), archive)
            err.print(f"The log is signed by a new key from now on. Note it elsewhere: {key}", markup=False)
        newest = newest_checkpoint(archive)
        if newest is None:
            raise fail("No checkpoint of the log has been signed yet. The DAG checkpoints signs one every hour.")
        named = key_of_log(archive)
        row = checkpoint_json(newest) | key_json(named)
        emit([row], as_json=as_json, human=lambda row: row["note"].rstrip("\n"))
        if not as_json:
            err.print(f"Verifier key of the log: {row['verifier_key']}", markup=False)
        if not as_json and named is not None and named.has_no_signature:
            err.print(
                f"It signs since entry {named.seq} of custody, {named.at:%Y-%m-%d %H:%M} UTC. The key before it "
                "was lost and does not vouch for it; what that one has signed is verified with that one.",
                markup=False,
            )


def _custody_proof(name: str, out: Path | None, *, as_json: bool) -> None:
    from access.views.custody_proof import capture_proof, describe_proof

    with archive_for_command() as archive:
        row = capture_proof(archive, name)
        if row is None:
            raise fail(f"The archive has nothing of {name}. This does not show whether it existed.")
    if out is not None:
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(to_json(row) + "\n")
        except OSError as problem:
            raise fail(f"{out}: {problem.strerror}; nothing was overwritten.", Exit.WRONG_USE) from problem
        err.print(describe_proof(row), markup=False)
        return
    emit([row], as_json=as_json, human=describe_proof)


def accesses(
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="ID", help="Only accesses to this capture, medium or record."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only from this day (UTC) on.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="Only accesses by this user.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The largest number of accesses to list.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """Show the access log: who looked at what, the newest first. This look is logged, too."""
    from access.views.accesses import logged_accesses
    from storage.ledger.access_log import AccessFilter

    wanted = AccessFilter(subject, actor, None if since is None else since.replace(tzinfo=UTC))
    with archive_for_command() as archive:
        found = logged_accesses(archive, wanted, most=most)
        emit(found.rows, as_json=as_json, human=describe_access)
    if found.total > len(found.rows):
        err.print(f"{found.total - len(found.rows)} older accesses are not listed (--most).", markup=False)


def describe_access(row: Mapping[str, Any]) -> str:
    """One access as a line."""
    return f"{row['at']}  {row['actor']}  {row['action']}  {row['subject_id'] or ''}".rstrip()


def _custody_rows(archive: "Archive", name: str) -> Iterator[Mapping[str, Any]]:
    from access.views.captures import captures_of_page
    from access.views.custody_status import capture_custody

    names = (row["id"] for row in captures_of_page(archive, name)) if "://" in name else (name,)
    for each in names:
        if (row := capture_custody(archive, each)) is not None:
            yield row


def describe_custody(row: Mapping[str, Any]) -> str:
    """The custody status, a sentence a line, the first of them not indented."""
    first, *rest = row["sentences"]
    return "\n".join([first, *(f"  {sentence}" for sentence in rest)])


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for command in (copies, timestamps, custody, accesses):
        app.command()(command)
