"""The command `archive`: pages that a person wants captured now, and again until a day where that is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.output import Exit, JsonOption, emit, fail, print_progress

if TYPE_CHECKING:
    from pipeline.collect.archived import Archived
    from pipeline.config.settings import Settings
    from storage.ledger.repeat_schedule import Schedule


def archive(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="URLs that begin with http:// or https://.")],
    reason: Annotated[
        str | None, typer.Option(help="The reason; it is stored in the ledger, never in the archived file.")
    ] = None,
    case: Annotated[str | None, typer.Option(help="Your case reference; it is stored in the ledger, too.")] = None,
    confidential: Annotated[
        bool,
        typer.Option(
            "--confidential", help="With --case: only members of the case find it on pages and by the API."
        ),
    ] = False,
    engine: Annotated[
        str,
        typer.Option(
            help="http fetches the page and its parts; browser opens it in Chromium and takes a screenshot; "
            "direct does so without the recorder, for a site that refuses it: what the browser decoded is kept."
        ),
    ] = "http",
    egress: Annotated[
        str | None, typer.Option(metavar="NAME", help="The egress profile (docs/settings.md).")
    ] = None,
    video: Annotated[
        bool,
        typer.Option("--video", help="Also capture video and audio behind the players of each page, with yt-dlp."),
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Have the browser load the pages with this login (`letapis login --list`); needs no --engine.",
        ),
    ] = None,
    follow: Annotated[
        int,
        typer.Option(
            min=0,
            max=100,
            metavar="N",
            help="Also archive up to N pages of the same host to which each page links, from top to bottom.",
        ),
    ] = 0,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="INTERVAL",
            help="With --until: archive the pages again, every 30m, 6h, 1d or 1w; at least 15m.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="With --every: the last day, in UTC, such as 2026-12-05."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Archive the pages once, at this time in UTC, and not now."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Archive pages now: crawl, deposit, extract records. Exit code 3 if a page was not captured as asked.

    A URL that cannot be archived is named with the reason, and the others go on; exit code 3 then, too.

    With --every and --until they are archived again as well, by the running stack; how many captures that makes
    is printed first. With --at, such as 2026-12-05T06:00, the running stack archives them then. `letapis repeats`
    lists both, `letapis repeats stop` ends one.
    """
    from sqlalchemy.exc import OperationalError

    from crawlers.watchlist.engines import engine_of_request, refusal_of_direct_mode
    from pipeline.chromium import NoBrowserError
    from pipeline.collect.url_list import BadUrls, check_lines
    from pipeline.collect.waiting import SomeBrokeOffError, archive_urls
    from pipeline.config.settings import SettingsError, load_settings
    from storage.access_labels import DEFAULT_LABEL
    from storage.errors import StorageError
    from storage.ledger.repeat_schedule import ONCE

    chosen = engine_of_request(engine)
    if chosen is None:
        raise fail(f"--engine: expected http, browser or direct, found {engine!r}.", Exit.WRONG_USE)
    if (why := refusal_of_direct_mode(chosen, video=video, profile=profile)) is not None:
        raise fail(why, Exit.WRONG_USE)
    if profile is not None:
        chosen = "browser"
    if at is not None and (every is not None or until is not None):
        raise fail("--at: the pages are archived once. Leave out --every and --until, or --at.", Exit.WRONG_USE)
    if follow and (every is not None or until is not None or at is not None):
        raise fail(
            "--follow: a repeat takes each page alone. Leave out --every, --at or --follow.", Exit.WRONG_USE
        )
    try:
        settings = load_settings()
        settings.egress_url(egress)
        checked = check_lines("\n".join(urls), allow_addresses=settings.allow_addresses)
        if profile is not None:
            require_profile(settings, profile, video=video)
        if confidential and not (case or "").strip():
            raise fail("--confidential: expected --case REF as well, a case with members.", Exit.WRONG_USE)
    except (SettingsError, BadUrls) as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    if at is not None:
        every, until = ONCE, at
    schedule = None if every is None and until is None else chosen_schedule(every, until, len(checked.urls))
    for each in checked.refused:
        print_progress(f"{each} It is left out.")
    refused = [{"kind": "address_refused"} | asdict(each) for each in checked.refused]
    try:
        label = case_label(settings, case) if confidential else DEFAULT_LABEL
        if schedule is not None:
            row = begun_repeat(
                settings,
                actor=current_user(),
                urls=checked.urls,
                schedule=schedule,
                reason=(reason or "").strip() or None,
                case_reference=(case or "").strip() or None,
                access_label=label,
                engine=chosen,
                egress=egress,
                video=video,
                profile=profile,
            )
            from pipeline.commands.repeats import describe_repeat  # and with it all kinds of records

            emit([row], as_json=as_json, human=describe_repeat)
        done: Sequence[Archived] = ()
        if at is None:
            done = archive_urls(
                settings,
                checked.urls,
                actor=current_user(),
                reason=reason,
                case=case,
                access_label=label,
                engine=chosen,
                egress=egress,
                video=video,
                profile=profile,
                follow=follow,
                refused=checked.refused,
                on_progress=print_progress,
            )
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except SomeBrokeOffError as problem:
        rows = [*(each.as_json() for each in problem.done), *refused]
        emit(rows, as_json=as_json, human=describe_archived_or_refused)
        raise fail(str(problem)) from problem
    except (StorageError, NoBrowserError) as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        found = str(problem.orig).strip()
        raise fail(f"The database does not answer: {found}\nCaptured files stay in the spool.") from problem
    rows = [*(each.as_json() for each in done), *refused]
    emit(rows, as_json=as_json, human=describe_archived_or_refused)
    missing_pages = [f"{each.url}: {each.problem}" for each in done if each.problem]
    missing_pages += map(str, checked.refused)
    if missing_pages:
        raise fail("\n".join(missing_pages), Exit.SOURCES_FAILED)


def describe_archived_or_refused(row: Mapping[str, Any]) -> str:
    """What came of an address, or why a line is none, as text for people."""
    from pipeline.collect.archived import describe_archived

    if row["kind"] == "address_refused":
        return f"Line {row['line']}: {row['text']}: refused, it {row['reason']}"
    return describe_archived(row)


def chosen_schedule(every: str | None, until: str | None, addresses: int) -> "Schedule":
    """The schedule of --every and --until, or of --at, whose captures are counted in a line."""
    from storage.ledger.repeat_schedule import ONCE, ScheduleRefusedError, frequency, schedule_of

    if every is None or until is None:
        raise fail("Expected --every INTERVAL and --until DATE, both or neither.", Exit.WRONG_USE)
    try:
        schedule = schedule_of(every, until, addresses=addresses, now=datetime.now(UTC))
    except ScheduleRefusedError as refused:
        raise fail(str(refused), Exit.WRONG_USE) from refused
    captures = schedule.turns * addresses
    if every == ONCE:
        when = f"{schedule.due_at(1):%Y-%m-%d %H:%M} UTC"
        print_progress(f"Once, at {when}: {captures} captures. The running stack makes them within five minutes.")
        return schedule
    print_progress(
        f"{frequency(schedule.every).capitalize()}, {schedule.turns} times: {captures} more captures, the first "
        f"at {schedule.due_at(1):%Y-%m-%d %H:%M} UTC, the last at "
        f"{schedule.due_at(schedule.turns):%Y-%m-%d %H:%M} UTC."
    )
    return schedule


def require_profile(settings: "Settings", name: str, *, video: bool) -> None:
    """Say that the browser loads the pages, or why it cannot with this login."""
    from pipeline.login.choice import chosen_profile
    from pipeline.login.profiles import ProfileError, ProfileStore

    try:
        store = ProfileStore(settings.login_folder, settings.login_keys_file)
        if chosen_profile(store, name, video=video) is None:
            raise fail("--profile: expected the name of a login profile. Nothing was fetched.", Exit.WRONG_USE)
    except ProfileError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    print_progress(f"The browser loads the pages, with the login {name}.")


def begun_repeat(settings: "Settings", **chosen: Any) -> dict[str, Any]:
    """The row of a repeat that is begun now; ``chosen`` as in `storage.ledger.repeats.begin_repeat`."""
    from access.views.repeats import one_repeat
    from pipeline.config.archive_factory import opened_archive
    from storage.ledger.repeats import begin_repeat

    with opened_archive(settings) as archive:
        return one_repeat(archive, begin_repeat(archive, **chosen).id)


def case_label(settings: "Settings", case: str | None) -> str:
    """The label of a case, whoever its members are; raises `CaseUnknownError`."""
    from pipeline.collect.request_desk import confidential_label
    from pipeline.config.archive_factory import opened_archive
    from storage.access_labels import EVERYONE

    with opened_archive(settings) as archive, archive.reader.connect() as connection:
        return confidential_label(connection, case, EVERYONE)


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(archive)
