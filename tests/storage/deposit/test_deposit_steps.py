"""A deposit that dies behind each of its steps, and several of the same file at once: one deposit in the end."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event, select

from pipeline.collect.deposit_spool import recover_spools
from pipeline.preserve.replicate import replicate_pending
from storage.archive import Archive
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import Deposited, deposit_file
from storage.ledger.chain import read_chain
from storage.objects.store import ObjectStore
from tests.storage.crawled_files import crawl_one, exchange, response


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


@dataclass
class Steps:
    """What a deposit has done outside its own process so far; it dies behind the one numbered ``last``."""

    last: int
    done: list[str] = field(default_factory=list)

    def did(self, what: str) -> None:
        self.done.append(what)
        if len(self.done) == self.last:
            raise Killed(what)


@contextmanager
def counted(archive: Archive, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count what reaches the stores, and what the database has committed."""

    def counting(name: str) -> Callable[..., object]:
        original = getattr(ObjectStore, name)

        def method(self: ObjectStore, key: str, *arguments: object, **named: object) -> object:
            answer = original(self, key, *arguments, **named)
            steps.did(f"{name} {self.name} {key.partition('/')[0]}")
            return answer

        return method

    def committed(connection: object) -> None:
        steps.did("commit")

    with monkeypatch.context() as patched:
        for name in ("put_new", "confirm"):
            patched.setattr(ObjectStore, name, counting(name))
        # SQLAlchemy tells of a commit before it; what follows it is the next thing that is counted
        event.listen(archive.writer, "commit", committed)
        try:
            yield
        finally:
            event.remove(archive.writer, "commit", committed)


def warc(folder: Path, number: int) -> Path:
    return crawl_one(folder, [exchange(f"https://t.me/s/kanal?before={number}", response(b"page"))])


def test_killed_behind_every_step_each_file_is_deposited_once_in_both_stores(
    copied_archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []
    for last in count(1):
        path = warc(tmp_path, last)
        steps = Steps(last)
        try:
            with counted(copied_archive, steps, monkeypatch):
                deposit_file(copied_archive, path)
        except Killed as killed:
            reached.append(str(killed))
        deposit_file(copied_archive, path)
        if len(steps.done) < last:
            break
    replicate_pending(copied_archive, actor="clock")

    assert {"put_new primary warc", "commit", "put_new primary custody", "put_new replica warc"} <= set(reached)
    assert {"confirm replica warc", "put_new replica custody"} <= set(reached)
    assert {"put_new primary sealed", "put_new replica sealed"} <= set(reached)
    with copied_archive.reader.connect() as connection:
        keys = sorted(connection.scalars(select(warcs.c.key)))
        assert len(list(connection.scalars(select(captures.c.id)))) == len(keys) == last
    assert copied_archive.replica is not None
    for store in (copied_archive.objects, copied_archive.replica):
        chain = read_chain(store)
        assert chain.problems == ()
        told = [(each.entry.event, each.entry.subject_id) for each in chain.entries]
        assert sorted(told) == sorted((event, key) for event in ("deposited", "copied") for key in keys)
        assert sorted(version.key for version in store.list("warc/")) == keys


def test_many_depositing_the_same_file_at_once_make_one_deposit(archive: Archive, tmp_path: Path) -> None:
    path = warc(tmp_path, 0)

    with ThreadPoolExecutor(8) as pool:
        deposited: list[Deposited] = list(pool.map(lambda _: deposit_file(archive, path), range(8)))

    assert sorted(each.already for each in deposited) == [False, *[True] * 7]
    assert len({(each.key, each.version_id) for each in deposited}) == 1
    assert [each.entry.event for each in read_chain(archive.objects, archive.sealing).entries] == ["deposited"]


def test_two_runs_over_the_same_spool_deposit_each_file_once(archive: Archive, tmp_path: Path) -> None:
    for number in range(6):
        warc(tmp_path, number)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda actor: recover_spools(archive, tmp_path, actor=actor), ("one", "other")))

    assert sum(len(run.deposited) for run in runs) == 6
    assert [remark for run in runs for remark in run.remarks] == []
    assert len(read_chain(archive.objects, archive.sealing).entries) == 6
    assert list(tmp_path.rglob("*.warc.gz")) == []
