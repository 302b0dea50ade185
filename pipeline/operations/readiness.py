"""Whether this installation can answer people and take evidence now: database, tables, stores, disk.

In: `Settings`. Out: one `Part` each, with a sentence where something is wrong. Nothing is changed, and no problem
is raised: it becomes a part. The sentences are for anybody who can reach the machine, so they name no address, no
source, no case and nothing that the other side has answered; `letapis doctor` says those to an operator.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from access.rendering.translations import N_
from pipeline.config.archive_factory import open_replica, open_store
from pipeline.config.settings import Settings, SettingsError
from pipeline.crawl.disk_space import Room
from pipeline.devstack.data_folder import why_unusable
from storage.migrations import newest_schema, schema_of
from storage.objects.errors import StoreError, StoreUnfitError

ANSWER_S: Final = 5.0
"""So long each part has to answer; probes of orchestrators usually wait ten seconds."""


class PartState(StrEnum):
    """``degraded``: evidence is taken and shown, but somebody has to act."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the archive needs; ``reason`` is a sentence, None where the state is ``ok``."""

    name: str
    state: PartState
    reason: str | None = None


def room_of(settings: Settings) -> Room:
    """What crawls of this installation leave free on the disk of the data folder."""
    return Room(settings.keep_free_mb * 10**6, store_beside=(settings.data / "store").exists())


def nearest_folder(path: Path) -> Path:
    """The folder, or the one in which it would be made."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def parts_of(settings: Settings) -> tuple[Part, ...]:
    """Every part, looked at side by side; a part that does not answer within `ANSWER_S` has failed."""
    checks: dict[str, Callable[[Settings], Iterator[Part]]] = {
        "database": _database,
        "store": _store,
        "second store": _second_store,
        "disk": _disk,
    }
    pool = ThreadPoolExecutor(len(checks), thread_name_prefix="readiness")
    running = {name: pool.submit(_all_of, check, settings) for name, check in checks.items()}
    pool.shutdown(wait=False)
    return tuple(part for name, future in running.items() for part in _within_time(name, future))


def _all_of(check: Callable[[Settings], Iterator[Part]], settings: Settings) -> tuple[Part, ...]:
    return tuple(check(settings))


def _within_time(name: str, future: "Future[tuple[Part, ...]]") -> tuple[Part, ...]:
    try:
        return future.result(timeout=ANSWER_S)
    except NotInTime:
        return (Part(name, _worst(name), f"The {name} did not answer within {ANSWER_S:.0f} seconds."),)


def _worst(name: str) -> PartState:
    """Deposits go on without the second store; copies are then pending."""
    return PartState.DEGRADED if name == "second store" else PartState.FAILED


def _database(settings: Settings) -> Iterator[Part]:
    try:
        engine = create_engine(
            settings.database().reader_url, poolclass=NullPool, connect_args={"connect_timeout": int(ANSWER_S)}
        )
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            yield Part("database", PartState.OK)
            schema = schema_of(connection)
    except SettingsError:
        yield Part("database", PartState.FAILED, N_("No database is known to this process."))
        return
    except SQLAlchemyError:
        yield Part("database", PartState.FAILED, N_("The database does not answer, or refuses the login."))
        return
    if schema is None:
        reason = N_("The database has no tables of Letapis; `letapis prepare` makes them.")
    elif schema != newest_schema():
        reason = (
            f"The database has the tables of schema {schema}, and this version needs {newest_schema()}: run "
            "`letapis prepare` of the newer version, and use that version everywhere."
        )
    else:
        yield Part("migrations", PartState.OK)
        return
    yield Part("migrations", PartState.FAILED, reason)


def _store(settings: Settings) -> Iterator[Part]:
    name = "store"
    try:
        open_store(settings).require_fit()
    except SettingsError:
        yield Part(name, PartState.FAILED, N_("No object store is known to this process."))
    except StoreUnfitError:
        yield Part(name, PartState.FAILED, N_("The bucket of the object store lacks versioning or Object Lock."))
    except StoreError:
        yield Part(name, PartState.FAILED, N_("The object store does not answer, or refuses the key."))
    else:
        yield Part(name, PartState.OK)


def _second_store(settings: Settings) -> Iterator[Part]:
    name = "second store"
    try:
        replica = open_replica(settings)
        if replica is None:
            return
        replica.require_fit()
    except SettingsError:
        yield Part(name, PartState.DEGRADED, N_("The second store is known only in part."))
    except StoreUnfitError:
        yield Part(name, PartState.DEGRADED, N_("The bucket of the second store lacks versioning or Object Lock."))
    except StoreError:
        reason = N_(
            "The second store does not answer, or refuses the key; deposits go on, and copies are pending."
        )
        yield Part(name, PartState.DEGRADED, reason)
    else:
        yield Part(name, PartState.OK)


def _disk(settings: Settings) -> Iterator[Part]:
    name = "disk"
    if why_unusable(settings.data) is not None or not os.access(nearest_folder(settings.data), os.X_OK):
        yield Part(name, PartState.FAILED, N_("Nothing can be written into the data folder."))
        return
    room = room_of(settings)
    if room.shortfall(nearest_folder(settings.spool_dir)) is None:
        yield Part(name, PartState.OK)
        return
    free = shutil.disk_usage(nearest_folder(settings.data)).free
    reason = f"Only {free / 10**9:.1f} GB are free on the disk of the data folder, so no crawl starts; make room."
    yield Part(name, PartState.DEGRADED, reason)
