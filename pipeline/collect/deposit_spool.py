"""Brings crawls from the spool into the archive, the one that has just ended and those that died before.

In: the archive, a crawl's folder or the whole spool. Out: what was deposited. Guaranteed: a crawl's folder is held
while its files are deposited, so two runs never do the same work at once; a file leaves the spool only after its
deposit is confirmed, and only if it still has the digest with which its crawl closed it; crawls that live are left
alone. Raises the errors of `storage`; what is not deposited then stays in the spool for the next run.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from crawlers.model.report import CrawledFile, CrawlReport
from crawlers.model.serialization import report_from_json
from pipeline.collect.collection_end import end_forgotten, end_recovered
from pipeline.crawl.files import JOB_NAME, REPORT_NAME
from processors.digest import Digest
from storage.archive import Archive
from storage.deposit.deposit import Deposited, DepositRefusedError, FileUnreadableError, deposit_file
from storage.deposit.deposited import deposits_of_crawl
from storage.deposit.origin import LeftBy
from storage.errors import StorageError, UnsupportedFileError
from storage.ledger.entry import NOT_MEASURED, Clock, MeasureClock, not_measured
from storage.ledger.received_files import ReceivedStatement, statement_from_json
from storage.objects.errors import BytesLostError, ChecksumDiffersError, KeyTakenError, ObjectMissingError
from storage.private_folder import closed_folder
from storage.spool.lock import LOCK_NAME, CrawlAliveError, lock_crawl
from storage.spool.received_file import statement_beside
from storage.spool.recovery import CLOSED_PATTERN, recover
from storage.warc.reader import WarcDamageError

TAKE_OVER_S: Final = 600.0
"""How long to wait for another run that deposits the same crawl: a file of 1 GB takes seconds, not minutes."""

BEGINNING_S: Final = 60.0
"""An empty folder younger than this may belong to a crawl that is about to take its lock."""

NEVER_BEGUN_S: Final = 600.0
"""A crawl takes its lock seconds after its folder is made: one that has none after so long died in between."""


NotDeposited: Final = (
    WarcDamageError,
    UnsupportedFileError,
    DepositRefusedError,
    FileUnreadableError,
    KeyTakenError,
    ChecksumDiffersError,
    ObjectMissingError,
    BytesLostError,
)
"""What is wrong with one file and stops no other."""


class LoginNotClearedError(StorageError):
    """A crawl with a login died before the last look at its files; they may show what the site knows it by."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"Crawl {folder.name} loaded pages with a login and died before the last look at its files. They stay "
            f"in {folder} and are not deposited, since they may show what the site knows the login by. Remove the "
            "folder once you do not need them; the next crawl captures the pages anew."
        )
        self.folder = folder


class CrawlNotDepositedError(StorageError):
    """Files of a crawl are not what it closed, or not whole: a person has to look. Its others are deposited."""

    def __init__(self, folder: Path, refused: tuple[StorageError, ...]) -> None:
        listed = "\n".join(str(each) for each in refused)
        super().__init__(
            f"Crawl {folder.name}: {len(refused)} of its files were not deposited and stay in {folder}; all the "
            f"others are deposited.\n{listed}"
        )
        self.folder = folder
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Recovery:
    """What dead crawls had left: ``deposited`` files, and sentences about what a person should look at."""

    deposited: tuple[Deposited, ...]
    remarks: tuple[str, ...]


def deposit_crawl(
    archive: Archive,
    folder: Path,
    *,
    actor: str,
    closed: Iterable[CrawledFile] = (),
    before_release: Callable[[tuple[Deposited, ...]], None] = lambda _: None,
    clock: Clock = NOT_MEASURED,
) -> tuple[Deposited, ...]:
    """Deposit every closed file of a crawl that has ended, then remove its folder.

    ``closed`` are its files as the crawl itself reported them. Files that another run has deposited meanwhile are
    among the answers, in the order they were written. ``before_release`` gets them before the folder goes: what
    a crash keeps it from doing, the next run makes good. Raises `CrawlNotDepositedError` once all that can be
    deposited is.
    """
    if _is_uncleared(folder):
        raise LoginNotClearedError(folder)
    digests = {file.path.name: file.sha256 for file in closed}
    left_by = _left_by(folder)
    deposited: dict[str, Deposited] = {}
    refused: list[StorageError] = []
    with _locked(folder):
        for path in _closed_files(folder):
            try:
                done = _deposit_and_release(archive, path, actor, digests, left_by, clock)
                deposited[done.key] = done
            except NotDeposited as problem:
                refused.append(problem)
        if refused:
            raise CrawlNotDepositedError(folder, tuple(refused))
        all_of_it = deposits_of_crawl(archive, folder.name, deposited_now=deposited)
        before_release(all_of_it)
        _remove_folder(folder)
    return all_of_it


def recover_spools(
    archive: Archive,
    spool_dir: Path,
    *,
    actor: str,
    on_progress: Callable[[str], None] = lambda _: None,
    measure_clock: MeasureClock = not_measured,
) -> Recovery:
    """Deposit what crawls left that ended without it; files that cannot be deposited stay and are named.

    The clock is measured once, and only where there is something to deposit or to end.
    """
    clock = cache(measure_clock)
    closed_folder(spool_dir)
    found = recover(spool_dir)
    remarks = [str(each) for each in (*found.torn, *found.unsigned)]
    deposited: list[Deposited] = []
    folders = {path.parent for path in spool_dir.glob(f"*/{LOCK_NAME}")} - set(found.alive)
    for folder in sorted(folders | _never_begun(spool_dir)):
        try:
            unchanged_s = _unchanged_s(folder)  # before the lock is taken, whose file may be new
            with lock_crawl(folder):
                files = _closed_files(folder)
                if files and _is_uncleared(folder):
                    remarks.append(str(LoginNotClearedError(folder)))
                    end_recovered(archive, folder.name, None, actor=actor, measure_clock=clock)
                    continue
                report = _reported(folder, remarks)
                digests = {} if report is None else {file.path.name: file.sha256 for file in report.files}
                left_by = _left_by(folder)
                for path in files:
                    try:
                        deposited.append(_deposit_and_release(archive, path, actor, digests, left_by, clock()))
                        on_progress(f"{path.name}: left by a crawl that had died, deposited now.")
                    except NotDeposited as refused:
                        remarks.append(f"{refused} The file stays in the spool.")
                if files or unchanged_s > BEGINNING_S:
                    end_recovered(archive, folder.name, report, actor=actor, measure_clock=clock)
                    _remove_folder(folder)
        except (CrawlAliveError, FileNotFoundError):
            continue  # another run has taken it up since
    end_forgotten(archive, spool_dir, actor=actor, measure_clock=clock)
    for remark in remarks:
        on_progress(remark)
    return Recovery(tuple(deposited), tuple(remarks))


def _never_begun(spool_dir: Path) -> set[Path]:
    """Folders of crawls that died before they took their lock."""
    job_folders = [path.parent for path in spool_dir.glob(f"*/{JOB_NAME}")]
    return {path for path in job_folders if not (path / LOCK_NAME).exists() and _unchanged_s(path) > NEVER_BEGUN_S}


def _unchanged_s(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def _deposit_and_release(
    archive: Archive, path: Path, actor: str, digests: Mapping[str, Digest], left_by: LeftBy, clock: Clock
) -> Deposited:
    expected, received = digests.get(path.name), _statement(path)
    deposited = deposit_file(
        archive,
        path,
        actor=actor if received is None else received.actor,
        expected=expected,
        left_by=left_by,
        received=received,
        clock=clock,
    )
    path.unlink()
    return deposited


def _statement(path: Path) -> ReceivedStatement | None:
    """What whoever brought the file stated; None of a file of a crawl. Raises `FileUnreadableError`."""
    try:
        row = statement_beside(path.parent)
        return None if row is None else statement_from_json(row)
    except (ValueError, KeyError, TypeError) as problem:
        found = f"a statement of who brought it that cannot be read ({problem!r})"
        raise FileUnreadableError(path.name, found) from problem


def _left_by(folder: Path) -> LeftBy:
    """Whether the crawl came to its report."""
    return LeftBy.CRAWL_THAT_REPORTED if (folder / REPORT_NAME).exists() else LeftBy.CRAWL_THAT_DIED


def _is_uncleared(folder: Path) -> bool:
    """Whether a crawl with a login died here: its report comes after the last look at its files.

    A job that cannot be read may be that of such a crawl.
    """
    if (folder / REPORT_NAME).exists() or not (folder / JOB_NAME).exists():
        return False
    try:
        return json.loads((folder / JOB_NAME).read_text("utf-8"))["source"].get("profile") is not None
    except (ValueError, KeyError, TypeError, AttributeError):
        return True


def _reported(folder: Path, remarks: list[str]) -> CrawlReport | None:
    """What the crawl's own report says; None of a crawl that died without one.

    A report that cannot be read keeps no file from the archive: each has digests of its own in every record.
    """
    try:
        return report_from_json(json.loads((folder / REPORT_NAME).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        remarks.append(
            f"{folder / REPORT_NAME}: expected the report of a crawl, found what cannot be read ({problem!r}). "
            "Its files are deposited without a look at the digests with which it closed them."
        )
        return None


def _closed_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(CLOSED_PATTERN))


def _remove_folder(folder: Path) -> None:
    """Remove the folder unless it still holds anything of a WARC file."""
    if folder.is_dir() and not any(folder.glob(f"{CLOSED_PATTERN}*")):
        shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, waiting for a run that recovers it at this moment; nothing to hold if it is gone."""
    deadline = time.monotonic() + TAKE_OVER_S
    with ExitStack() as holding:
        while folder.is_dir():
            try:
                holding.enter_context(lock_crawl(folder))
                break
            except FileNotFoundError:
                break
            except CrawlAliveError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield
