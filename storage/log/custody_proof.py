"""The proof of one file's entries: their bytes, inclusion proofs to one checkpoint, tokens; no other entry.

In: an archive, the key of a deposited file, names of outlets that witness. Out: `CustodyProof`, whose JSON an
independent verifier can check with SHA-256 and Ed25519 alone (docs/custody-proof.md). The checkpoint is the
newest that a witness has confirmed and that covers every entry, else the newest of all. Guaranteed: every
inclusion proof was held against the checkpoint's root before it is given away. Raises `ProofRefusedError`,
`TileMissingError` and `storage.objects.errors`.
"""

import base64
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from processors.digest import Digest
from processors.transparency_log.merkle import includes, leaf_hash
from processors.transparency_log.signed_note import VerifierKey
from storage.archive import Archive
from storage.deposit.timestamps import OBTAINED
from storage.errors import StorageError
from storage.ledger.crawl_facts import ENDED, STARTED
from storage.ledger.custody import deposit_of, entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.entry_schema import REDACTED
from storage.ledger.file_custody import DEPOSITED, PURGED, REMOVED
from storage.ledger.tables import custody
from storage.log.checkpoints import SignedCheckpoint, all_in_ledger, checkpoint_over, log_keys
from storage.log.deliveries import CheckpointDelivery, deliveries
from storage.log.tree_reader import LogTree
from storage.objects.keys import custody_key, root_key

FORMAT: Final = "letapis/custody-proof/1"
ABOUT_FILE: Final = (DEPOSITED, PURGED, REMOVED, "copied", REDACTED)
ABOUT_CRAWL: Final = (STARTED, ENDED)


class ProofRefusedError(StorageError):
    """No proof can be given; the message says what is lacking. Nothing was changed."""

    def __init__(self, subject: str, expected: str, found: str) -> None:
        super().__init__(f"Proof of {subject}: expected {expected}, found {found}. Nothing was changed.")
        self.subject = subject
        self.expected = expected
        self.found = found


class NotYetProvedError(ProofRefusedError):
    """No checkpoint covers the deposit yet; the next one will."""


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry, and the hashes that lead from it to the root of the checkpoint."""

    entry: CustodyEntry
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ProvedToken:
    """A trusted timestamp (RFC 3161) over the entry ``seq``, with the certificates it was checked against."""

    seq: int
    authority: str
    time: str
    token: bytes
    roots: bytes


@dataclass(frozen=True, slots=True)
class OutletReceipt:
    """What an outlet gave back for the checkpoint."""

    delivery: CheckpointDelivery
    content: bytes


@dataclass(frozen=True, slots=True)
class CustodyProof:
    """All that is handed over about one file."""

    key: str
    checkpoint: SignedCheckpoint
    keys: tuple[VerifierKey, ...]
    entries: tuple[ProvedEntry, ...]
    tokens: tuple[ProvedToken, ...]
    receipts: tuple[OutletReceipt, ...]

    @property
    def witnessed(self) -> bool:
        """Whether a witness has confirmed the checkpoint."""
        return any(each.delivery.is_witnessed for each in self.receipts)

    def as_json(self) -> dict[str, Any]:
        """The proof file (docs/custody-proof.md)."""
        return {
            "format": FORMAT,
            "warc_key": self.key,
            "checkpoint": self.checkpoint.note.decode(),
            "size": self.checkpoint.size,
            "witnessed": self.witnessed,
            "verifier_keys": list(map(str, self.keys)),
            "entries": [
                {
                    "index": each.entry.seq - 1,
                    "event": each.entry.event,
                    "at": each.entry.at,
                    "entry": _base64(each.entry.canonical()),
                    "path": list(map(_base64, each.path)),
                }
                for each in self.entries
            ],
            "tokens": [
                {
                    "index": each.seq - 1,
                    "authority": each.authority,
                    "time": each.time,
                    "token": _base64(each.token),
                    "roots": _base64(each.roots),
                }
                for each in self.tokens
            ],
            "receipts": [
                {
                    "outlet": each.delivery.outlet,
                    "at": each.delivery.at,
                    "name": each.delivery.proof_key.rpartition("/")[2],
                    "witnesses": each.delivery.is_witnessed,
                    "content": _base64(each.content),
                }
                for each in self.receipts
            ],
        }


def prove_custody(archive: Archive, key: str) -> CustodyProof:
    """The proof of a deposited file."""
    with archive.reader.connect() as connection:
        deposited = _deposit_of(connection, key)
        tokens = _tokens_after(connection, deposited.seq)
        stamped = {token.details["seq"] for token in tokens}
        entries = _entries(connection, deposited, {*stamped, *(token.seq for token in tokens)})
        checkpoint, given = _checkpoint(connection, deposited)
        keys = log_keys(connection).keys
    return _proof(archive, key, checkpoint, keys, entries, tokens, given)


def prove_custody_at(archive: Archive, key: str, size: int, receipts: Collection[str]) -> CustodyProof:
    """The proof of a deposited file to the checkpoint over ``size`` entries: the same whenever it is asked for.

    It has entries about the file and its crawl alone, and the tokens over these: what a token over another entry
    proves cannot be shown without that entry. An entry of format 1 states who and why, so of these only the
    deposit goes along. ``receipts`` are keys of what outlets gave back.
    """
    with archive.reader.connect() as connection:
        deposited = _deposit_of(connection, key)
        own = [
            entry
            for entry in _entries(connection, deposited, ())
            if entry.seal is not None or entry.seq == deposited.seq
        ]
        seqs = {entry.seq for entry in own}
        tokens = [
            each
            for each in _tokens_after(connection, deposited.seq)
            if each.details["seq"] in seqs and each.seq <= size and each.seal is not None
        ]
        checkpoint = checkpoint_over(connection, size)
        if checkpoint is None or deposited.seq > size:
            found = (
                "none" if checkpoint is None else f"one over {size} entries, before {custody_key(deposited.seq)}"
            )
            raise NotYetProvedError(key, "a checkpoint over its deposit", found)
        given = tuple(each for each in deliveries(connection, size=size) if each.proof_key in receipts)
        keys = log_keys(connection, until=size).keys
    return _proof(
        archive, key, checkpoint, keys, sorted((*own, *tokens), key=lambda each: each.seq), tokens, given
    )


def _deposit_of(connection: Connection, key: str) -> CustodyEntry:
    try:
        return deposit_of(connection, key)
    except LookupError as problem:
        raise ProofRefusedError(key, "an entry that tells of its deposit", "none") from problem


def _proof(
    archive: Archive,
    key: str,
    checkpoint: SignedCheckpoint,
    keys: tuple[VerifierKey, ...],
    entries: list[CustodyEntry],
    tokens: list[CustodyEntry],
    given: tuple[CheckpointDelivery, ...],
) -> CustodyProof:
    covered = [entry for entry in entries if entry.seq <= checkpoint.size]
    seqs = {entry.seq for entry in covered}
    return CustodyProof(
        key,
        checkpoint,
        keys,
        tuple(_proved(archive, checkpoint, covered)),
        tuple(_token(archive, each) for each in tokens if each.details["seq"] in seqs),
        tuple(_receipt(archive, each) for each in given),
    )


def _entries(connection: Connection, deposited: CustodyEntry, also: Collection[int]) -> list[CustodyEntry]:
    """Entries about the file and its crawl, and those of its first tokens; in the order of custody."""
    about_file = (custody.c.subject_id == deposited.subject_id) & custody.c.event.in_(ABOUT_FILE)
    crawl_id = deposited.details["crawl_id"]
    about_crawl = (custody.c.subject_id == crawl_id) & custody.c.event.in_(ABOUT_CRAWL)
    wanted = or_(about_file, about_crawl, custody.c.seq.in_(list(also)))
    return [entry_of(row) for row in connection.execute(select(custody).where(wanted).order_by(custody.c.seq))]


def _tokens_after(connection: Connection, seq: int) -> list[CustodyEntry]:
    """The first token of each authority over an entry after the deposit."""
    number = custody.c.details["seq"].as_integer()
    query = select(custody).where(custody.c.event == OBTAINED, number >= seq).order_by(number, custody.c.seq)
    first: dict[str, CustodyEntry] = {}
    for row in connection.execute(query):
        first.setdefault(row.details["authority"], entry_of(row))
    return list(first.values())


def _checkpoint(
    connection: Connection, deposited: CustodyEntry
) -> tuple[SignedCheckpoint, tuple[CheckpointDelivery, ...]]:
    covering = all_in_ledger(connection, after=deposited.seq - 1)
    if not covering:
        found = f"none; the next one will cover {custody_key(deposited.seq)}"
        raise NotYetProvedError(deposited.subject_id, "a checkpoint over its deposit", found)
    given = deliveries(connection)
    witnessed = {each.size for each in given if each.is_witnessed}
    chosen = next((each for each in reversed(covering) if each.size in witnessed), covering[-1])
    return chosen, tuple(each for each in given if each.size == chosen.size)


def _proved(archive: Archive, checkpoint: SignedCheckpoint, entries: list[CustodyEntry]) -> Iterator[ProvedEntry]:
    tree = LogTree(archive.objects, checkpoint.size)
    for entry in entries:
        path, leaf = tree.inclusion(entry.seq - 1), leaf_hash(entry.canonical())
        if not includes(leaf, entry.seq - 1, checkpoint.size, path, checkpoint.checkpoint.root):
            expected = f"a path to the root of the checkpoint over {checkpoint.size} entries"
            raise ProofRefusedError(custody_key(entry.seq), expected, "another; run `letapis verify`")
        yield ProvedEntry(entry, path)


def _token(archive: Archive, entry: CustodyEntry) -> ProvedToken:
    details = entry.details
    roots = root_key(Digest.parse(details["roots"]))
    return ProvedToken(
        details["seq"],
        details["authority"],
        details["time"],
        archive.objects.read(entry.subject_id, details["object_version"]),
        archive.objects.read(roots, details["root_version"]),
    )


def _receipt(archive: Archive, given: CheckpointDelivery) -> OutletReceipt:
    return OutletReceipt(given, archive.objects.read(given.proof_key, given.proof_version))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
