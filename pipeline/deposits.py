"""Brings crawls from the spool into the archive, the one that has just ended and those that died before.

In: the archive, a crawl's folder or the whole spool. Out: what was deposited. Guaranteed: a crawl's folder is held
while its files are deposited, so two runs never do the same work at once; a file leaves the spool only after its
deposit is confirmed; crawls that live are left alone. Raises the errors of `storage`; what is not deposited then
stays in the spool for the next run.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.archive import Archive
from storage.crawl_lock import LOCK_NAME, CrawlAliveError, hold_crawl
from storage.deposit import Deposited, DepositRefusedError, deposit_file
from storage.recovery import CLOSED_PATTERN, recover
from storage.survey import NotTakenError
from storage.warc_reader import WarcDamageError

TAKE_OVER_S: Final = 600.0
"""How long to wait for another run that deposits the same crawl: a file of 1 GB takes seconds, not minutes."""

BEGINNING_S: Final = 60.0
"""An empty folder younger than this may belong to a crawl that is about to take its lock."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What dead crawls had left: ``deposited`` files, and sentences about what a person should look at."""

    deposited: tuple[Deposited, ...]
    remarks: tuple[str, ...]


def deposit_crawl(archive: Archive, folder: Path, *, actor: str) -> tuple[Deposited, ...]:
    """Deposit every closed file of a crawl that has ended, then remove its folder.

    Files that another run has deposited meanwhile are not among the answers.
    """
    with _held(folder):
        deposited = tuple(_deposit_and_release(archive, path, actor) for path in _closed_files(folder))
        _let_go(folder)
    return deposited


def recover_spools(
    archive: Archive, spool_dir: Path, *, actor: str, say: Callable[[str], None] = lambda _: None
) -> Recovery:
    """Deposit what crawls left that ended without it; files that cannot be deposited stay and are named."""
    spool_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = recover(spool_dir)
    remarks = [
        f"{torn.path.name}: a last record was torn off by a crash ({torn.cut_bytes} bytes from {torn.offset}: "
        f"expected {torn.expected}, found {torn.found}); it was cut off, the rest is whole."
        for torn in found.torn
    ]
    remarks += [f"{damage} The file stays in the spool." for damage in found.damaged]
    deposited: list[Deposited] = []
    folders = {path.parent for path in spool_dir.glob(f"*/{LOCK_NAME}")} - set(found.alive)
    for folder in sorted(folders):
        try:
            with hold_crawl(folder):
                files = _closed_files(folder)
                for path in files:
                    try:
                        deposited.append(_deposit_and_release(archive, path, actor))
                        say(f"{path.name}: left by a crawl that had died, deposited now.")
                    except (WarcDamageError, NotTakenError, DepositRefusedError) as refused:
                        remarks.append(str(refused))
                if files or time.time() - folder.stat().st_mtime > BEGINNING_S:
                    _let_go(folder)
        except (CrawlAliveError, FileNotFoundError):
            continue  # another run has taken it up since
    for remark in remarks:
        say(remark)
    return Recovery(tuple(deposited), tuple(remarks))


def _deposit_and_release(archive: Archive, path: Path, actor: str) -> Deposited:
    deposited = deposit_file(archive, path, actor=actor)
    path.unlink()
    return deposited


def _closed_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(CLOSED_PATTERN))


def _let_go(folder: Path) -> None:
    """Remove the folder unless it still holds anything of a WARC file."""
    if folder.is_dir() and not any(folder.glob(f"{CLOSED_PATTERN}*")):
        shutil.rmtree(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, waiting for a run that recovers it at this moment; nothing to hold if it is gone."""
    deadline = time.monotonic() + TAKE_OVER_S
    with ExitStack() as holding:
        while folder.is_dir():
            try:
                holding.enter_context(hold_crawl(folder))
                break
            except FileNotFoundError:
                break
            except CrawlAliveError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield
