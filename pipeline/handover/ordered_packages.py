"""The private folder of packages that were ordered on the page Hand over: one folder each, of its owner alone.

In: the folder. Out: orders, frozen selections, how far each building is, finished files. A package's folder has

    order.json  selection.json           what was ordered by whom; written together, before anything is built
    state.json  problem.txt              how the newest building stands; where the program failed, if it did
    building/                            what is not yet a package; the next building begins it anew
    files/                               the package, with `built.json`; there when it is whole, or not at all

Guaranteed: one process builds a package at a time; what is killed leaves nothing in ``files``, and does not look
as if it still worked, since the kernel ends its lock. Raises `PackagesFolderError` and `AlreadyBuildingError`.
"""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ulid import ULID

from access.handover_desk import BuildState
from pipeline.handover.package import BuiltPackage, PackageProgress
from pipeline.handover.plain_json import plain_json
from pipeline.handover.selection import FrozenSelection
from pipeline.handover.selection_file import SelectionFile, SelectionFileError, selection_file
from storage.errors import StorageError
from storage.private_folder import closed_folder
from storage.warc.writer import sync_folder

ORDER: Final = "order.json"
SELECTION: Final = "selection.json"
STATE: Final = "state.json"
TRACE: Final = "problem.txt"
LOCK: Final = ".lock"
BUILDING: Final = "building"
FILES: Final = "files"
BUILT: Final = "built.json"
BEGUN: Final = ".order-"
BESIDES_BYTES: Final = 64 << 10
"""Room for the order and the state beside the selection."""
LOCK_TRIES: Final = 20
LOCK_PAUSE_S: Final = 0.1
"""Whoever asks whether something is being built holds the lock for a moment, too."""


class PackagesFolderError(StorageError):
    """The folder of packages does not take an order; the operator makes room or names another folder."""

    def __init__(self, folder: Path, found: str) -> None:
        super().__init__(
            f"Folder of packages {folder}: expected one with room for another order, found {found}. Nothing was "
            "ordered and nothing was disclosed. Make room, or name another folder with LETAPIS_PACKAGES, and "
            "order again."
        )
        self.folder = folder


class AlreadyBuildingError(StorageError):
    """Another process builds this package; whoever started it twice waits for that one."""

    def __init__(self, package_id: str) -> None:
        super().__init__(
            f"Package {package_id}: expected nobody else who builds it, found another process. Nothing was "
            "changed; wait until that one has ended."
        )
        self.package_id = package_id


@dataclass(frozen=True, slots=True)
class PackageOrder:
    """What somebody ordered; ``labels`` are those of everything that goes along, as they were then."""

    package_id: str
    ordered_by: str
    ordered_at: datetime
    part_bytes: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands: ``step``, ``done`` and ``total`` while it is built, ``reason`` where it is not."""

    state: BuildState
    step: str | None = None
    done: int = 0
    total: int = 0
    reason: str | None = None


class NewOrder:
    """An order that is not yet one."""

    def __init__(self, packages: Path, begun: Path, file: SelectionFile) -> None:
        self._packages = packages
        self._begun = begun
        self._file = file

    def reserve(self, length_bytes: int) -> None:
        """Take room on the disk for the selection and what lies beside it."""
        try:
            self._file.reserve(length_bytes + BESIDES_BYTES)
        except SelectionFileError as problem:
            raise PackagesFolderError(self._packages, problem.found) from problem

    def keep(self, selection: FrozenSelection, order: PackageOrder) -> None:
        """Write both, and give the folder its name."""
        try:
            self._file.keep(selection.to_json())
            _write_whole(self._begun / ORDER, plain_json(_order_json(order)))
            _write_whole(self._begun / STATE, plain_json({"state": BuildState.WAITING.value}))
            self._begun.rename(self._packages / order.package_id)
            sync_folder(self._packages)
        except SelectionFileError as problem:
            raise PackagesFolderError(self._packages, problem.found) from problem
        except OSError as problem:
            raise PackagesFolderError(self._packages, problem.strerror or str(problem)) from problem


class Work:
    """One process at work on one package."""

    def __init__(self, folder: Path, order: PackageOrder, selection: FrozenSelection) -> None:
        self._folder = folder
        self.order = order
        self.selection = selection
        self._noted: tuple[str, int] | None = None

    @property
    def target(self) -> Path:
        """What the package is called while it is built; also the name of the folder inside the ZIP."""
        return self._folder / BUILDING / self.order.package_id

    def note_progress(self, progress: PackageProgress) -> None:
        """Write down how far it is, at each hundredth of a step."""
        hundredth = 100 if progress.total == 0 else 100 * progress.done // progress.total
        if (progress.step, hundredth) != self._noted:
            self._noted = progress.step, hundredth
            self._write(BuildState.BUILDING, step=progress.step, done=progress.done, total=progress.total)

    def finish(self, built: BuiltPackage, custody_seq: int) -> None:
        """Give the files their place; from here on the package is there."""
        names = [*(each.path.name for each in built.parts), f"{self.order.package_id}.parts.txt"]
        facts = {
            "digest": str(built.digest),
            "custody_seq": custody_seq,
            "not_proved": len(built.not_proved),
            "files": [
                {"name": each.path.name, "length_bytes": each.length_bytes, "sha256": str(each.sha256)}
                for each in built.parts
            ],
        }
        building = self._folder / BUILDING
        _write_whole(building / BUILT, plain_json(facts))
        for name in names:
            (building / name).chmod(0o600)
        sync_folder(building)
        building.rename(self._folder / FILES)
        sync_folder(self._folder)
        self._write(BuildState.READY)

    def fail(self, reason: str, trace: str | None = None) -> None:
        """Write down why it was not built, for those who may see the order, and where in the program for its
        operator; nothing else of it is left.
        """
        shutil.rmtree(self._folder / BUILDING, ignore_errors=True)
        if trace is not None:
            _write_whole(self._folder / TRACE, trace.encode())
        self._write(BuildState.FAILED, reason=reason)

    def _write(self, state: BuildState, **facts: Any) -> None:
        _write_whole(self._folder / STATE, plain_json({"state": state.value, **facts}))


class OrderedPackages:
    """All orders of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def new_order(self) -> Iterator[NewOrder]:
        """An order that is begun; without `NewOrder.keep` nothing stays of it."""
        try:
            closed_folder(self._folder)
            begun = Path(tempfile.mkdtemp(prefix=BEGUN, dir=self._folder))
        except OSError as problem:
            raise PackagesFolderError(self._folder, problem.strerror or str(problem)) from problem
        try:
            with selection_file(begun / SELECTION) as file:
                yield NewOrder(self._folder, begun, file)
        except SelectionFileError as problem:
            raise PackagesFolderError(self._folder, problem.found) from problem
        finally:
            shutil.rmtree(begun, ignore_errors=True)

    def ids(self) -> tuple[str, ...]:
        """The ids of all orders, the newest first."""
        if not self._folder.is_dir():
            return ()
        found = (each.name for each in self._folder.iterdir() if (each / ORDER).is_file())
        return tuple(sorted((name for name in found if _is_id(name)), reverse=True))

    def order(self, package_id: str) -> PackageOrder | None:
        """The order; None where there is none of this id."""
        if not _is_id(package_id):
            return None
        try:
            row = json.loads((self._folder / package_id / ORDER).read_bytes())
        except FileNotFoundError:
            return None
        return PackageOrder(
            row["package_id"],
            row["ordered_by"],
            datetime.fromisoformat(row["ordered_at"]),
            row["part_bytes"],
            tuple(row["labels"]),
        )

    def selection_bytes(self, package_id: str) -> bytes:
        """The frozen selection of an order, as it was written."""
        return (self._folder / package_id / SELECTION).read_bytes()

    def selection(self, package_id: str) -> FrozenSelection:
        """The same, as it is built."""
        return FrozenSelection.from_json(self.selection_bytes(package_id))

    def standing(self, package_id: str) -> Standing:
        """How it stands now."""
        folder = self._folder / package_id
        if (folder / FILES / BUILT).is_file():
            return Standing(BuildState.READY)
        row = json.loads((folder / STATE).read_bytes())
        state = BuildState(row.pop("state"))
        if state is BuildState.READY:
            state = BuildState.REMOVED  # what was built is not there any more
        if state is BuildState.BUILDING and not self._is_locked(package_id):
            state = BuildState.STOPPED
        return Standing(state, **row)

    def built(self, package_id: str) -> Mapping[str, Any] | None:
        """What is known of the finished package; None where there is none."""
        try:
            row: dict[str, Any] = json.loads((self._folder / package_id / FILES / BUILT).read_bytes())
        except FileNotFoundError:
            return None
        return row

    def file(self, package_id: str, name: str) -> Path | None:
        """A file of the finished package by its name; None where it has none such."""
        built = self.built(package_id)
        known = () if built is None else (*(each["name"] for each in built["files"]), f"{package_id}.parts.txt")
        return self._folder / package_id / FILES / name if name in known else None

    def note_waiting(self, package_id: str) -> None:
        """Write down that it was started and waits for a worker."""
        self._note(package_id, BuildState.WAITING)

    def note_not_started(self, package_id: str, reason: str) -> None:
        """Write down that no run was started for it."""
        self._note(package_id, BuildState.NOT_STARTED, reason=reason)

    def remove_files(self, package_id: str, reason: str | None = None) -> bool:
        """Remove what was built; order and selection stay, so that it is built again. Returns whether there was
        anything.
        """
        folder = self._folder / package_id
        if not (folder / FILES).exists():
            return False
        gone = folder / f"{FILES}.gone"
        (folder / FILES).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        self._note(package_id, BuildState.REMOVED, **({} if reason is None else {"reason": reason}))
        return True

    @contextmanager
    def at_work(self, package_id: str) -> Iterator[Work]:
        """This process alone works on the order; what a killed one left is removed. Raises `KeyError` for an id
        of no order.
        """
        order = self.order(package_id)
        if order is None:
            raise KeyError(package_id)
        folder = self._folder / package_id
        with (folder / LOCK).open("w") as lock:
            _lock(lock.fileno(), package_id)
            shutil.rmtree(folder / BUILDING, ignore_errors=True)
            work = Work(folder, order, self.selection(package_id))
            (folder / BUILDING).mkdir(mode=0o700)
            yield work

    def _is_locked(self, package_id: str) -> bool:
        with (self._folder / package_id / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def _note(self, package_id: str, state: BuildState, **facts: Any) -> None:
        _write_whole(self._folder / package_id / STATE, plain_json({"state": state.value, **facts}))


def _is_id(name: str) -> bool:
    try:
        return str(ULID.from_str(name)) == name
    except ValueError:
        return False


def _lock(descriptor: int, package_id: str) -> None:
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(LOCK_PAUSE_S)
        else:
            return
    raise AlreadyBuildingError(package_id)


def _order_json(order: PackageOrder) -> dict[str, Any]:
    return {
        "package_id": order.package_id,
        "ordered_by": order.ordered_by,
        "ordered_at": order.ordered_at.isoformat(),
        "part_bytes": order.part_bytes,
        "labels": list(order.labels),
    }


def _write_whole(path: Path, content: bytes) -> None:
    begun = path.with_name(f".{path.name}.begun")
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    begun.rename(path)
