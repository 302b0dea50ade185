"""Tries the recovery: derives the catalogue from a store in a scratch database, and compares it with the live one.

In: `Settings`, an archive. Out: `DrillReport`, which custody gets too (entry ``drilled``), as it gets the name of
what broke the recovery off. Guaranteed: nothing is written to a store but that entry, the database in use is only
read, and scratch database and folder are gone afterwards. A drill that is killed has changed nothing; the next
removes what it left. Raises `SettingsError` where no role for drills is named, `DrillRunsError`, and what a
rebuild raises.
"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final, NoReturn

from sqlalchemy import Engine, create_engine

from pipeline.backup.scratch_database import scratch_database
from pipeline.config.settings import Settings, SettingsError, StoreAccess
from pipeline.output import counted
from pipeline.process.extensions import ExtensionUse
from pipeline.process.rebuild import RebuildReport, rebuild
from pipeline.process.run import READ_WITH
from storage.archive import Archive
from storage.errors import StorageError
from storage.integrity.drill_comparison import (
    Comparison,
    comparable_until,
    compare_restored,
    read_otherwise,
)
from storage.ledger.custody import append_and_publish
from storage.ledger.drills import DRILLED
from storage.objects.errors import StoreUnreachableError
from storage.objects.model import PRIMARY, REPLICA
from storage.objects.store import ObjectStore
from storage.postgres_errors import without_values
from storage.private_folder import closed_folder

SUBJECT: Final = "catalogue"
FOLDER: Final = "drill"

OnProgress = Callable[[str], None]


class DrillWritesError(StorageError):
    """A drill was about to write to the store; a fault of Letapis, to be reported. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("The drill was about to write to the object store, and was ended. Nothing was written.")


class StoreOfDrill(ObjectStore):
    """A store that is read and never written to: the scratch database knows nothing that the store lacks."""

    def _upload(self, *_: Any, **__: Any) -> NoReturn:
        raise DrillWritesError

    def _put(self, *_: Any, **__: Any) -> NoReturn:
        raise DrillWritesError

    def relock(self, *_: Any, **__: Any) -> NoReturn:
        """Never."""
        raise DrillWritesError

    def set_hold(self, *_: Any, **__: Any) -> NoReturn:
        """Never."""
        raise DrillWritesError


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What the drill came to. ``until`` is the last custody entry that was compared.

    ``not_comparable`` counts files that are not read yet, or by another version of our software.
    """

    store: str
    until: int
    duration_s: float
    not_comparable: int
    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...]

    @property
    def differing(self) -> int:
        """How many things differ, of whatever kind."""
        return sum(each.differing for each in self.comparisons)

    @property
    def passed(self) -> bool:
        """Whether the store gives the same archive."""
        return not self.differing and not self.remarks

    def as_json(self) -> dict[str, Any]:
        """The JSON keys of kind ``drill``."""
        return {
            "kind": "drill",
            "store": self.store,
            "passed": self.passed,
            "until": self.until,
            "duration_s": round(self.duration_s, 1),
            "differing": self.differing,
            "files_not_comparable": self.not_comparable,
            "compared": [
                {"what": each.kind, "in_use": each.in_use, "restored": each.restored, "differing": each.differing}
                for each in self.comparisons
            ],
            "differences": list(self.differences()),
            "remarks": list(self.remarks),
        }

    def differences(self) -> tuple[str, ...]:
        """The first differences of each kind, as sentences."""
        return tuple(f"{each.kind}: {line}" for each in self.comparisons for line in each.differences)

    def sentence(self) -> str:
        """The result in a line or two."""
        compared = ", ".join(f"{each.restored} {each.kind}" for each in self.comparisons)
        how = "the same as in the database in use" if self.passed else f"{self.differing} differ"
        left = (
            f" The readings of {counted(self.not_comparable, 'file')} were not compared: they are not read yet, "
            "or by another version of Letapis."
            if self.not_comparable
            else ""
        )
        return f"Restored from the {self.store} store in {self.duration_s:.0f} s: {compared}; {how}.{left}"


def drill(
    settings: Settings, archive: Archive, *, replica: bool = False, on_progress: OnProgress = lambda _: None
) -> DrillReport:
    """Restore, compare, enter the result into custody."""
    if settings.database_drill_url is None:
        raise SettingsError((NO_ROLE,))
    store = settings.replica() if replica else settings.store()
    if store is None:
        raise SettingsError(("No second store is configured: set LETAPIS_REPLICA_* (docs/settings.md).",))
    began = monotonic()
    live = {archive.writer.url.database, archive.reader.url.database}
    name = REPLICA if replica else PRIMARY
    with scratch_database(settings.database_drill_url, {each for each in live if each}) as url:
        with archive.reader.connect() as connection:
            until = comparable_until(connection, name)
        on_progress(f"the first {until} custody entries are restored into a scratch database")
        folder = _empty_folder(settings.data)  # under the lock of the scratch database: those there are of nobody
        try:
            report, comparisons, besides = _tried(
                settings, archive, _store(store, name), url, folder, until, on_progress
            )
        except StoreUnreachableError:
            raise  # nothing was learned of the recovery
        except StorageError as problem:
            broke_off = {"store": name, "passed": False, "until": until, "problem": type(problem).__name__}
            append_and_publish(archive, DRILLED, subject_id=SUBJECT, actor=settings.collector, details=broke_off)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    done = DrillReport(
        store=name,
        until=until,
        duration_s=monotonic() - began,
        not_comparable=len(besides),
        comparisons=comparisons,
        remarks=tuple(
            f"{each.subject}: {each.what}: expected {each.expected}, found {each.found}" for each in report.remarks
        ),
    )
    details = {key: value for key, value in done.as_json().items() if key != "kind"}
    append_and_publish(archive, DRILLED, subject_id=SUBJECT, actor=settings.collector, details=details)
    return done


def _tried(
    settings: Settings,
    archive: Archive,
    store: StoreOfDrill,
    url: str,
    folder: Path,
    until: int,
    on_progress: OnProgress,
) -> tuple[RebuildReport, tuple[Comparison, ...], tuple[str, ...]]:
    """Restore into the database at ``url`` and compare."""
    engine = _engine(url)
    try:
        there = replace(
            archive,
            objects=store,
            writer=engine,
            reader=engine,
            accesses=None,
            replica=None,
            hash_folder=folder / "hashes",
            search_folder=folder / "search",
        )
        report = rebuild(there, extensions=_no_other_code(settings), on_progress=on_progress)
        on_progress("what was restored is compared with the database in use")
        return report, *_compared(archive.reader, engine, until)
    finally:
        engine.dispose()


NO_ROLE: Final = (
    "No role for drills is known: set LETAPIS_DATABASE_DRILL_URL to a role that may make databases "
    "(docs/backup.md), or start the embedded stack with `letapis up`."
)


def _empty_folder(data: Path) -> Path:
    """A folder of this drill's own; those of killed ones go."""
    place = closed_folder(data / FOLDER)
    for left in place.iterdir():
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=place))


def _compared(in_use: Engine, restored: Engine, until: int) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    frozen = {"isolation_level": "REPEATABLE READ"}
    with (
        closing(in_use.connect().execution_options(**frozen)) as left,
        closing(restored.connect().execution_options(**frozen)) as right,
    ):
        besides = tuple({*read_otherwise(left, until, READ_WITH), *read_otherwise(right, until, READ_WITH)})
        return tuple(compare_restored(left, right, until=until, besides=besides)), besides


def _no_other_code(settings: Settings) -> ExtensionUse:
    """Operators' parsers do not read in a drill: their code would have to be deposited before it does."""
    return ExtensionUse(actor=settings.collector)


def _store(store: StoreAccess, name: str) -> StoreOfDrill:
    return StoreOfDrill(
        store.endpoint,
        store.bucket,
        access_key=store.access_key,
        secret_key=store.secret_key,
        region=store.region,
        lock_mode=store.lock_mode,
        lock_days=store.lock_days,
        name=name,
    )


def _engine(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=2,
        max_overflow=8,
        hide_parameters=True,
        connect_args={"application_name": "letapis-drill", "options": "-c timezone=UTC"},
    )
    return without_values(engine)
