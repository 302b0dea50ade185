"""Checks whether this machine has everything that Letapis needs, and says how to get what is missing.

In: `Settings`. Out: one `Check` per requirement, in the order in which a person would fix them. Nothing is
changed, and no problem is raised: it becomes a check whose state is not ``ok``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx
import psycopg2
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from access.replay.capability import ReplayKeyError, read_replay_key
from access.views.nights import last_nights
from crawlers.watchlist.loader import InvalidWatchlist
from crawlers.watchlist.source import review_is_due
from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.chromium import HOW as HOW_CHROMIUM
from pipeline.chromium import find_chromium
from pipeline.clock_sync import clock_state
from pipeline.collect.night_schedule import night_schedule
from pipeline.config.archive_factory import open_replica, open_store, opened_archive, outlet_names, sealing_keys
from pipeline.config.listed_sources import sources_as_known
from pipeline.config.settings import ROOT, Settings, SettingsError
from pipeline.devstack.data_folder import why_unusable
from pipeline.devstack.postgres_location import installed_programs
from pipeline.devstack.seaweedfs import FOR_TRYING_OUT_ONLY, store_open_to_others
from pipeline.preserve.replicate import NO_SECOND_COPY, replication_status
from pipeline.preserve.time_authority import time_authorities
from pipeline.preserve.timestamp import NO_TIME_AUTHORITY, describe_pending_timestamp, timestamp_status
from pipeline.replay.environment import HOW as HOW_REPLAY
from pipeline.replay.environment import wayback_program
from pipeline.supervise.processes import ServiceError
from processors.extension.code import ExtensionFault
from processors.media.ffmpeg import NoProgram, decoder_name
from processors.pdf.tesseract import LANGUAGES, languages_of
from processors.sandbox.kernel_rules import why_unavailable
from storage.errors import StorageError
from storage.ledger.batches import count_unbatched
from storage.ledger.harvests import NightState
from storage.migrations import OtherSchemaError, newest_schema, schema_of
from storage.objects.errors import StoreError
from storage.queries.search import BEHIND_AT_MOST_S
from storage.sealing_keys import id_of_key
from storage.search_index.state import index_state

State = Literal["ok", "warning", "missing"]

PYTHONS: Final = ((3, 11), (3, 13))

SPACE_NEEDED_BYTES: Final = 2 * 10**9
SPACE_WANTED_BYTES: Final = 20 * 10**9
"""One WARC file is rolled at 1 GB, and is in both spool and store until it is deposited."""

NAMED_AT_MOST: Final = 3

BATCHES_WITHIN: Final = timedelta(minutes=15)
"""Three runs of the DAG `ledger`; with less, one may be at work."""

OWNER_UNWATCHED: Final = "The owner of this archive could rewrite it unnoticed."

EXTENSIONS: Final = ("pg_trgm",)

OLDEST_POSTGRES: Final = 150_000
"""In the form of ``server_version_num``."""

HOW_TESSERACT: Final = "`sudo apt-get install tesseract-ocr tesseract-ocr-{}`".format(
    " tesseract-ocr-".join(name for name in LANGUAGES if name != "eng")
)


LABELS: Final = {"Outside time": "Timestamps"}
"""Names of checks that are written differently for people; their JSON keeps the name that programs know."""


def label_of(name: str) -> str:
    """What people read as the name of a check."""
    return LABELS.get(name, name)


@dataclass(frozen=True)
class Check:
    """One requirement: what was found, and how to fix it where the state is not ``ok``."""

    name: str
    state: State
    found: str
    how: str | None = None


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, one after another."""
    checks: tuple[Callable[[Settings], Check], ...] = (
        _python,
        _chromium,
        _space,
        _clock,
        _store,
        _store_fitness,
        _database,
        _search_index,
        _sealing_keys,
        _ledger_batches,
        _trusted_timestamps,
        _second_copy,
        _outlets,
        _airflow,
        _nights,
        _watchlist,
        _extensions,
        _scanned_pages,
        _video,
        _replay,
    )
    for check in checks:
        yield check(settings)


def _python(_: Settings) -> Check:
    lowest, highest = (".".join(map(str, version)) for version in PYTHONS)
    found = f"Python {sys.version.split()[0]}"
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Check("Python", "ok", found)
    how = f"Install Python {lowest} to {highest} (`sudo apt-get install python3 python3-venv`), then `make env`."
    return Check("Python", "missing", found, how)


def _chromium(settings: Settings) -> Check:
    found = find_chromium(settings.chromium)
    if found is None:
        # Sources fetched by plain HTTP work without; only `engine: browser` needs one.
        return Check("Chromium", "missing", "No Chromium was found that starts", HOW_CHROMIUM)
    return Check("Chromium", "ok", f"{found.version} ({found.origin})")


def _space(settings: Settings) -> Check:
    if problem := why_unusable(settings.data):
        how = "Let the user who runs Letapis write there, or set LETAPIS_DATA to another folder."
        return Check("Disk", "missing", f"{settings.data}: {problem}", how)
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 10**9:.1f} GB free for {settings.data}"
    how = "Free space on that disk, or set LETAPIS_DATA to a folder on another one."
    if free < SPACE_NEEDED_BYTES:
        return Check("Disk", "missing", found, how)
    return Check("Disk", "warning" if free < SPACE_WANTED_BYTES else "ok", found, how)


def _sealing_keys(settings: Settings) -> Check:
    """Whoever enters something into custody needs them, and so does whoever opens it again."""
    try:
        keys = sealing_keys(settings)
    except SettingsError as problem:
        return Check("Sealing keys", "missing", str(problem), 'See docs/production.md, "Sealing keys".')
    if keys is not None:
        found = f"{len(keys.keys)} in {settings.sealing_keys_file}, newest {id_of_key(keys.newest)}"
        return Check("Sealing keys", "ok", found)
    if settings.database_writer_url is None:
        return Check("Sealing keys", "ok", "none yet; `letapis up` makes the first")
    how = (
        "`letapis prepare` makes them for a new archive; for an older one, bring its file (LETAPIS_SEALING_KEYS)."
    )
    return Check("Sealing keys", "missing", f"no file {settings.sealing_keys_file}", how)


def _ledger_batches(settings: Settings) -> Check:
    """Access log and requests are to be in the store within minutes."""
    name = "Access log"
    if settings.database_reader_url is None or settings.s3_endpoint is None:
        return Check(name, "ok", "not checked: no archive is running")
    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            pending = count_unbatched(connection)
    except (SQLAlchemyError, StorageError, SettingsError) as problem:
        return Check(name, "warning", f"could not be checked: {problem}", "See the check of the database.")
    oldest = min((at for _, at in pending.values() if at is not None), default=None)
    if oldest is None or datetime.now(UTC) - oldest < BATCHES_WITHIN:
        return Check(name, "ok", "access log and requests are in the store")
    rows = sum(count for count, _ in pending.values())
    found = f"{rows} rows since {oldest:%Y-%m-%d %H:%M} UTC are in the database alone"
    return Check(name, "warning", found, "See that the DAG `ledger` runs and is green.")


def _clock(_: Settings) -> Check:
    state = clock_state()
    if state.synchronised and state.largest_error_us is not None:
        return Check("Clock", "ok", f"synchronized, at most {state.largest_error_us / 1000:.0f} ms off")
    found = "unknown" if state.synchronised is None else "the kernel knows of nothing that synchronizes it"
    how = (
        "The times of evidence come from this clock. Synchronize it: `sudo apt-get install chrony`, "
        "or `timedatectl set-ntp true`."
    )
    return Check("Clock", "warning", found, how)


def _store(settings: Settings) -> Check:
    if settings.s3_endpoint is None:
        program = Path(sys.executable).with_name("weed")
        version = _version_line(program, "version")
        if version is None:
            return Check("Object store", "missing", "SeaweedFS is not installed", "Run `make env`.")
        found = f"SeaweedFS ({version}) is installed and not running; start it with `letapis up`"
        return Check("Object store", "ok", found)
    try:
        store = open_store(settings)
        store.require_fit()
        next(store.list("custody/"), None)
    except (SettingsError, StoreError) as problem:
        how = "Start the embedded one with `letapis up`, or correct LETAPIS_S3_* and LETAPIS_LOCK_*."
        return Check("Object store", "missing", str(problem), how)
    locked = f"locks for {settings.lock_days} days, {settings.lock_mode}"
    return Check("Object store", "ok", f"{settings.s3_endpoint}, bucket {settings.s3_bucket}, {locked}")


def _store_fitness(settings: Settings) -> Check:
    embedded = settings.s3_endpoint is None or (settings.data / "store").exists()
    if not embedded:
        return Check("Evidence", "ok", "the store is an external one")
    how = "For evidence use a store with Object Lock: LETAPIS_S3_ENDPOINT, LETAPIS_LOCK_MODE, LETAPIS_LOCK_DAYS."
    try:
        found = store_open_to_others(settings.data / "store")
    except OSError as problem:
        return Check("Evidence", "warning", f"unknown: {problem.filename}: {problem.strerror}", how)
    if found:
        return Check("Evidence", "missing", FOR_TRYING_OUT_ONLY.format(" ".join(found)), how)
    fit = "the embedded store is fit to try out only: the owner of its folder can delete locked objects"
    return Check("Evidence", "warning", fit, how)


def _database(settings: Settings) -> Check:
    if settings.database_reader_url is None:
        try:
            version = _version_line(installed_programs() / "postgres", "--version")
        except ServiceError as problem:
            return Check("Database", "missing", str(problem), "Run `make env`.")
        return Check("Database", "ok", f"{version} is installed and not running; start it with `letapis up`")
    how = "Start the embedded one with `letapis up`, or correct LETAPIS_DATABASE_URL, _WRITER_URL and _READER_URL."
    try:
        engine = create_engine(settings.database().reader_url, poolclass=NullPool)
        with engine.connect() as connection:
            version = connection.execute(text("SHOW server_version")).scalar_one()
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
            lowered = connection.execute(text("SELECT lower('МІНСК ЎЗГОРАК')")).scalar_one()
            there = set(connection.execute(text("SELECT extname FROM pg_extension")).scalars())
            schema = schema_of(connection)
    except (SettingsError, SQLAlchemyError, psycopg2.Error) as problem:
        return Check("Database", "missing", str(problem).splitlines()[0], how)
    if number < OLDEST_POSTGRES:
        how = f"Move it to PostgreSQL {OLDEST_POSTGRES // 10_000} or newer; older versions are not tested."
        return Check("Database", "missing", f"PostgreSQL {version}", how)
    if lowered != "мінск ўзгорак":
        how = (
            "Create it again: CREATE DATABASE letapis TEMPLATE template0 ENCODING 'UTF8' "
            "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'."
        )
        return Check("Database", "missing", "lower() leaves Cyrillic letters unchanged, so searching fails", how)
    if missing := [name for name in EXTENSIONS if name not in there]:
        how = f"Run as its administrator: CREATE EXTENSION {', '.join(missing)}; Debian: postgresql-contrib."
        return Check("Database", "missing", f"the extension {', '.join(missing)} is missing", how)
    if schema != newest_schema():
        how = "Upgrade it as its owner (LETAPIS_DATABASE_URL) with `letapis prepare`, or start `letapis up` again."
        found = "it has no tables of Letapis" if schema is None else f"it has the tables of schema {schema}"
        return Check("Database", "missing", f"{found}; this version needs schema {newest_schema()}", how)
    return Check("Database", "ok", f"PostgreSQL {version}, schema {schema}, every script is lower-cased")


def _search_index(settings: Settings) -> Check:
    """How far the index of this host is behind; without it the database answers, only slower."""
    name = "Search index"
    if settings.database_reader_url is None or settings.s3_endpoint is None:
        return Check(name, "ok", "not checked: no archive is running")
    how = "The API server keeps it up to date; to do so now: `letapis index`. Until then the database answers."
    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            state = index_state(connection, settings.search_folder)
    except (SQLAlchemyError, StorageError, SettingsError) as problem:
        return Check(name, "warning", f"could not be checked: {problem}", "See the check of the database.")
    if state.problem is not None:
        return Check(name, "warning", f"{settings.search_folder}: {state.problem}", how)
    found = f"{state.documents} wordings and pages, {state.behind} changes behind"
    if state.behind_s > BEHIND_AT_MOST_S:
        return Check(name, "warning", f"{found}, the first since {state.behind_s:.0f} s", how)
    return Check(name, "ok", found)


def _why_unknown(problem: Exception) -> str:
    if isinstance(problem, OtherSchemaError):
        return "because the database has the tables of another version, or none"
    return (
        "because the database does not answer" if isinstance(problem, SQLAlchemyError) else f"because: {problem}"
    )


def _trusted_timestamps(settings: Settings) -> Check:
    authorities = ", ".join(
        f"{each.url} ({f'roots from {each.pinned}' if each.pinned else 'any public root'})"
        for each in time_authorities(settings)
    )
    pending: tuple[str, ...] = ()
    if settings.database_reader_url is not None and settings.s3_endpoint is not None:
        try:
            with opened_archive(settings) as archive:
                pending = tuple(describe_pending_timestamp(each) for each in timestamp_status(archive))
        except (SettingsError, StorageError, SQLAlchemyError) as problem:
            pending = (f"The pending timestamps are unknown, {_why_unknown(problem)}.",)
    if pending:
        more = f" ... and {len(pending) - NAMED_AT_MOST} more" if len(pending) > NAMED_AT_MOST else ""
        named = " ".join(pending[:NAMED_AT_MOST])
        counted = "1 timestamp is pending" if len(pending) == 1 else f"{len(pending)} timestamps are pending"
        found = f"{authorities or NO_TIME_AUTHORITY}; {counted}. {named}{more}"
        how = "The DAG `timestamps` requests them every five minutes; to request them now: `letapis timestamps`."
        return Check("Outside time", "warning", found, how)
    if not authorities:
        how = (
            'Set time authorities (RFC 3161) in LETAPIS_TIME_AUTHORITIES: docs/settings.md, "Trusted timestamps".'
        )
        return Check("Outside time", "warning", NO_TIME_AUTHORITY, how)
    return Check("Outside time", "ok", f"{authorities}; no timestamp is pending")


def _second_copy(settings: Settings) -> Check:
    how = "Set up a second, independent store with Object Lock: LETAPIS_REPLICA_*, docs/settings.md."
    try:
        replica = open_replica(settings)
        if replica is None:
            return Check("Second copy", "warning", NO_SECOND_COPY, how)
        how = "Repair it, or correct LETAPIS_REPLICA_*. `letapis copies` then makes the copies that are pending."
        replica.require_fit()
        place = (
            f"{replica.endpoint}, bucket {replica.bucket}, locks for {replica.lock_days} days, {replica.lock_mode}"
        )
    except (SettingsError, StoreError) as problem:
        return Check("Second copy", "missing", str(problem), how)
    if settings.database_reader_url is None or settings.s3_endpoint is None:
        return Check("Second copy", "ok", place)
    try:
        with opened_archive(settings) as archive:
            pending = replication_status(archive).pending_sentences()
    except (SettingsError, StorageError, SQLAlchemyError) as problem:
        pending = (f"The pending copies are unknown, {_why_unknown(problem)}.",)
    if pending:
        how = "The DAG `copies` makes pending copies every ten minutes; to make them now: `letapis copies`."
        return Check("Second copy", "warning", f"{place}. {' '.join(pending[:NAMED_AT_MOST])}", how)
    return Check("Second copy", "ok", f"{place}; no copy is pending")


def _outlets(settings: Settings) -> Check:
    names = outlet_names(settings)
    if names:
        return Check("Checkpoints outside", "ok", f"they go to {', '.join(names)}")
    how = "Name a witness or another outlet in a file, and set LETAPIS_OUTLETS to it (docs/operate.md)."
    return Check("Checkpoints outside", "warning", OWNER_UNWATCHED, how)


def _airflow(settings: Settings) -> Check:
    if settings.airflow_url is None:
        there = (ROOT / "airflow.cfg").exists() and os.access(Path(sys.executable).with_name("airflow"), os.X_OK)
        if there:
            return Check("Airflow", "ok", "installed and not running; start it with `letapis up`")
        return Check("Airflow", "missing", "not installed", "Run `make env`.")
    try:
        with AirflowApi(settings.airflow(), patience_s=0) as api:
            health, errors = api.health(), api.import_errors()
    except (SettingsError, AirflowUnreachable, AirflowRefused) as problem:
        return Check("Airflow", "missing", str(problem), "Start it with `letapis up`.")
    unresponsive = [name for name, at in health.heartbeats.items() if at is None]
    if unresponsive or not health.database_ok or errors:
        found = (
            "; ".join([*(f"{name} gives no sign of life" for name in unresponsive), *errors])
            or "its database does not answer"
        )
        return Check("Airflow", "missing", found, f"Read the logs in {settings.data / 'airflow' / 'logs'}.")
    return Check("Airflow", "ok", f"{settings.airflow_url}, every component is up, every DAG was read")


def _nights(settings: Settings) -> Check:
    """The results of the last nights, and whether the next one will begin."""
    how = "Look at the run of the DAG `harvest` with `letapis status`. To collect now: `letapis harvest`."
    if settings.database_reader_url is None or settings.s3_endpoint is None:
        found = "unknown while the database does not run; no night begins while the stack is down"
        return Check("Nights", "warning", found, "Start it with `letapis up`.")
    try:
        with opened_archive(settings) as archive:
            nights = last_nights(archive)
        schedule = None
        if settings.airflow_url is not None:
            with AirflowApi(settings.airflow(), patience_s=0) as api:
                schedule = night_schedule(api)
    except (SettingsError, StorageError, SQLAlchemyError, AirflowUnreachable, AirflowRefused) as away:
        return Check("Nights", "warning", f"unknown: {str(away).splitlines()[0]}", "Start it with `letapis up`.")
    problem = None if schedule is None else schedule.problem(datetime.now(UTC))
    bad = [
        night
        for night in nights
        if night["bad"]
        and not (
            night["state"] == NightState.MISSED
            and schedule is not None
            and schedule.covers(datetime.fromisoformat(night["due_at"]))
        )
    ]
    sentences = [f"{night['due_at'][:10]}: {night['sentence']}" for night in bad[:NAMED_AT_MOST]]
    sentences += [f"... and {len(bad) - NAMED_AT_MOST} more"] if len(bad) > NAMED_AT_MOST else []
    lost = [night for night in bad if night["state"] != NightState.FAILED]
    if problem is not None or bad:
        found = " ".join(filter(None, [problem, *sentences]))
        return Check("Nights", "missing" if problem is not None or lost else "warning", found, how)
    if not nights:
        return Check("Nights", "ok", "no night was due yet")
    return Check(
        "Nights", "ok", f"{nights[0]['due_at'][:10]}: {nights[0]['sentence']} None of {len(nights)} was missed."
    )


def _watchlist(settings: Settings) -> Check:
    try:
        known = sources_as_known(settings)
    except (InvalidWatchlist, OSError) as problem:
        return Check(
            "Watch-list", "missing", str(problem), f"Correct {settings.watchlist}, or set LETAPIS_WATCHLIST."
        )
    found = f"{settings.watchlist}: {known.in_words()}"
    due = [each for each in known.watchlist.sources if review_is_due(each.review_by, datetime.now(UTC).date())]
    if due:
        named = ", ".join(f"{each.id} ({each.review_by})" for each in due[:NAMED_AT_MOST])
        more = f" and {len(due) - NAMED_AT_MOST} more" if len(due) > NAMED_AT_MOST else ""
        how = "Review on which legal basis they are collected, and set `legal_basis` and `review_by` anew."
        return Check("Watch-list", "warning", f"{found}. A review is due: {named}{more}.", how)
    return Check("Watch-list", "ok", found)


def _extensions(settings: Settings) -> Check:
    """Parsers of the operator's own: whether each can be read, and whether this kernel can confine them."""
    name, folder = "Extensions", settings.extension_folder
    if folder.path is None:
        return Check(name, "ok", "no folder of your own parsers is set")
    if (reason := why_unavailable()) is not None:
        how = "Use Linux 5.13 or later with Landlock switched on; in a container, allow its system calls."
        return Check(name, "missing", f"your own parsers cannot be confined, and are not run: {reason}", how)
    problems = []
    for each in folder.names():
        try:
            folder.code(each)
        except ExtensionFault as fault:
            problems.append(str(fault))
    if problems:
        return Check(name, "missing", " ".join(problems), "Correct what is named; docs/extensions.md says how.")
    return Check(name, "ok", f"{folder.path}: {', '.join(folder.names()) or 'none yet'}")


def _scanned_pages(_: Settings) -> Check:
    """Without tesseract scanned lists are reported as unread; with it they are read in its installed languages."""
    name = "Scanned documents"
    program = shutil.which("tesseract")
    if program is None:
        return Check(
            name, "warning", "tesseract is not installed: scanned lists are reported as unread", HOW_TESSERACT
        )
    installed = languages_of(program)
    missing = [language for language in LANGUAGES if language not in installed]
    if missing:
        return Check(name, "warning", f"{program} lacks the languages {', '.join(missing)}", HOW_TESSERACT)
    return Check(name, "ok", f"read by {program}")


def _replay(settings: Settings) -> Check:
    """pywb's environment, the key, and whether the replay host answers under its own name."""
    name = "Replay"
    if wayback_program() is None:
        return Check(name, "warning", "pywb's environment is missing: no page can be viewed as a page", HOW_REPLAY)
    if settings.replay_url is None:
        return Check(name, "ok", "pywb is installed and not running; `letapis up` or `letapis replay` starts it")
    how = "Start it with `letapis replay`, and see that the reverse proxy leads there (docs/replay.md)."
    parts = urlsplit(settings.replay_url)
    try:
        read_replay_key(settings.replay_key_file)
        host = "127.0.0.1" if (parts.hostname or "").endswith(".localhost") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        answer = httpx.get(f"{parts.scheme}://{host}{port}/", headers={"Host": parts.netloc}, timeout=10)
    except (ReplayKeyError, httpx.HTTPError) as problem:
        return Check(name, "warning", f"{settings.replay_url}: {problem}", how)
    if answer.headers.get("connection-allowlist") != "(response-origin)":
        found = f"{settings.replay_url} is answered by something else, or its headers are taken away"
        return Check(name, "warning", found, how)
    return Check(name, "ok", f"{settings.replay_url} answers")


def _video(_: Settings) -> Check:
    how = "Run `make env`, or `sudo apt-get install ffmpeg`; skipped videos are read the next time."
    try:
        return Check("Video", "ok", decoder_name())
    except NoProgram as problem:
        return Check("Video", "warning", str(problem), how)


def _version_line(program: Path, argument: str) -> str | None:
    """First line of the version that a program prints; None if it does not start."""
    try:
        done = subprocess.run([str(program), argument], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None
