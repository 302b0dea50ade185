"""Pending deliveries of checkpoints to outlets, their attempts, and the second store as the first outlet."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from processors.digest import sha256
from storage.archive import Archive
from storage.log.deliveries import deliver_pending, deliveries, delivery_status
from storage.log.outlets import OutletError, OutletProof
from storage.log.second_store import SecondStore
from storage.log.signing import LogSigner, sign_next_checkpoint
from storage.log.tree_reader import LogTree
from tests.storage.log.log_archive import add_entries, signer_at


@dataclass
class Notebook:
    """An outlet that writes checkpoints down, unless it is closed."""

    name: str = "notebook"
    witnesses: bool = False
    closed: bool = False
    pages: list[bytes] = field(default_factory=list)

    def deliver(self, checkpoint: bytes) -> OutletProof:
        if self.closed:
            raise OutletError(self.name, "writing it down", "an open book", "a closed one")
        self.pages.append(checkpoint)
        return OutletProof(b"written on page %d" % len(self.pages), "txt")

    def newest(self) -> bytes | None:
        return self.pages[-1] if self.pages else None


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    return signer_at(tmp_path / "log.key")


def sign(archive: Archive, signer: LogSigner, count: int = 1) -> bytes:
    add_entries(archive, count, published=False)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    return signed.note


def test_an_outlet_is_given_the_newest_checkpoint_once_and_its_proof_is_stored(
    archive: Archive, signer: LogSigner
) -> None:
    note, book = sign(archive, signer), Notebook()
    report = deliver_pending(archive, [book])
    (delivered,) = report.delivered
    assert (delivered.outlet, delivered.size, delivered.proof_key) == (
        "notebook",
        2,
        "log/proofs/000000000002/notebook.txt",
    )
    assert archive.objects.read(delivered.proof_key, delivered.proof_version) == b"written on page 1"
    assert (report.configured, report.pending) == (("notebook",), ())
    assert deliver_pending(archive, [book]).delivered == ()
    assert book.pages == [note]
    with archive.reader.connect() as connection:
        assert deliveries(connection) == (delivered,)


def test_what_an_outlet_refuses_stays_pending_with_every_attempt_and_the_others_get_it(
    archive: Archive, signer: LogSigner
) -> None:
    closed, book = Notebook("closed", closed=True), Notebook()
    sign(archive, signer)
    deliver_pending(archive, [closed, book])
    sign(archive, signer)
    report = deliver_pending(archive, [closed, book])
    (pending,) = report.pending
    assert (pending.outlet, pending.size, pending.checkpoints, pending.failed) == ("closed", 3, 2, 2)
    assert pending.problem == (
        "Outlet closed: writing it down: expected an open book, found a closed one. It stays pending."
    )
    assert [each.outlet for each in report.delivered] == ["notebook"]
    assert len(book.pages) == 2


def test_the_newest_checkpoint_covers_those_that_an_outlet_has_missed(archive: Archive, signer: LogSigner) -> None:
    book = Notebook(closed=True)
    sign(archive, signer)
    deliver_pending(archive, [book])
    newest = sign(archive, signer)
    book.closed = False
    assert deliver_pending(archive, [book]).pending == ()
    assert book.pages == [newest]
    assert delivery_status(archive, ["notebook", "another"])[0].checkpoints == 2


def test_a_proof_that_a_killed_run_has_stored_stays_beside_the_next(archive: Archive, signer: LogSigner) -> None:
    sign(archive, signer)
    archive.objects.put_new("log/proofs/000000000002/notebook.txt", b"of before", sha256=sha256(b"of before"))
    (delivered,) = deliver_pending(archive, [Notebook()]).delivered
    assert delivered.proof_key == "log/proofs/000000000002/notebook.2.txt"


def test_a_delivery_causes_no_checkpoint(archive: Archive, signer: LogSigner) -> None:
    sign(archive, signer)
    deliver_pending(archive, [Notebook()])
    assert sign_next_checkpoint(archive, signer, actor="tester") is None


def test_the_second_store_gets_all_of_the_log_and_shows_its_newest_checkpoint(
    copied_archive: Archive, signer: LogSigner
) -> None:
    archive, replica = copied_archive, copied_archive.replica
    assert replica is not None
    sign(archive, signer, 300)
    outlet = SecondStore(archive)
    (delivered,) = deliver_pending(archive, [outlet]).delivered
    note = sign(archive, signer)
    deliver_pending(archive, [outlet])
    receipt = json.loads(archive.objects.read(delivered.proof_key, delivered.proof_version))
    assert (receipt["store"], receipt["key"], receipt["copied"]) == (
        "replica",
        "log/checkpoints/000000000301.txt",
        6,
    )
    log = {each.key for each in archive.objects.list("log/") if not each.key.startswith("log/proofs/000000000302")}
    assert {each.key for each in replica.list("log/")} == log
    assert all(
        (head := replica.head(each.key, each.version_id)) is not None and head.locked_until is not None
        for each in replica.list("log/")
    )
    assert outlet.newest() == note
    assert LogTree(replica, 302).root() == LogTree(archive.objects, 302).root()


def test_other_bytes_in_the_second_store_are_a_problem_that_is_told(
    copied_archive: Archive, signer: LogSigner
) -> None:
    replica = copied_archive.replica
    assert replica is not None
    sign(copied_archive, signer)
    replica.put_new("log/checkpoints/000000000002.txt", b"another", sha256=sha256(b"another"))
    report = deliver_pending(copied_archive, [SecondStore(copied_archive)])
    assert report.delivered == ()
    assert "another object stands there" in str(report.pending[0].problem)
