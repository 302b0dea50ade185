"""Signs the next checkpoint of the log: writes tiles and bundles, then signs the tree, if it extends the last one.

In: an archive, the log's key with the state beside it. Out: `SignedCheckpoint`; None where no entry was added.
Guaranteed: at any time one process signs; nothing is signed that does not extend every checkpoint known from the
database, the store and the state file, a restored database or store included; tiles of entries that a checkpoint
covers are not written again, and of them only those on the right edge are read. Each step is safe to repeat: a run
that was killed is finished by the next. Order: entries in the store, tiles and bundles, signature, state file,
checkpoint in the store, row in the database. Raises `LogRefusedError`, `LogKeyError`, `TileMissingError` and
`storage.objects.errors`. Source: decision 33; C2SP tlog-tiles and tlog-checkpoint.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, func, select, text

from processors.digest import Digest, sha256
from processors.transparency_log.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, sign_checkpoint
from processors.transparency_log.merkle import EMPTY_ROOT, leaf_hash
from processors.transparency_log.signed_note import NoteRefusedError, Signer, VerifierKey
from processors.transparency_log.tiles import WIDTH, Tile, TreeEdge, bundle_bytes, fits_bundle, tile_bytes
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.custody import append, entry_of, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody
from storage.log.checkpoints import SignedCheckpoint, enter_checkpoint, log_keys, newest_in_ledger, newest_in_store
from storage.log.key_file import SigningState
from storage.log.log_keys import LOG_BEGUN, begun_details
from storage.log.tree_reader import LogTree
from storage.objects.errors import KeyTakenError
from storage.objects.keys import CUSTODY_PREFIX, checkpoint_key, custody_key, log_key
from storage.objects.parallel import map_bounded

SIGNER_LOCK_KEY: Final = 7_305_510_012
"""Advisory lock of the one signer; the chain's own lock is taken on top of it for signing alone."""
ROWS: Final = 1000

OnStep = Callable[[str], None]


class LogRefusedError(StorageError):
    """The tree does not extend a checkpoint that was signed before; a person finds out why. Nothing was signed."""

    def __init__(self, what: str, expected: str, found: str, cause: str) -> None:
        super().__init__(
            f"Log: no checkpoint was signed. {what}: expected {expected}, found {found}. {cause} Deposits go on, "
            'and nothing was changed; see docs/operate.md, "When the log refuses to sign".'
        )
        self.what = what
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class LogSigner:
    """The signing key, whose name is the log's origin, and the state that lies beside it."""

    key: Signer
    state: SigningState

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.key.verifier_key.name


def sign_next_checkpoint(
    archive: Archive, signer: LogSigner, *, actor: str, on_step: OnStep = lambda _: None
) -> SignedCheckpoint | None:
    """Sign a checkpoint over every entry there is; None where the last one covers them all."""
    with only_signer(archive):
        base = _last_checkpoint(archive, signer)
        _require_extended(archive, base)
        _require_key(archive, signer)
        if base is None:
            _begin(archive, signer, actor)
        publish_pending_entries(archive)
        on_step("entries")
        if base is not None:
            _store_and_enter(archive, base)  # as a run before may have been killed before it did
        edge = _grow_tiles(archive, base)
        on_step("tiles")
        if base is not None and edge.size == base.size:
            return None
        with archive.writer.begin() as connection:
            lock_chain(connection)
            _require_last(connection, edge)
            note = bytes(sign_checkpoint(Checkpoint(signer.origin, edge.size, edge.root()), signer.key))
            signed = SignedCheckpoint(read_checkpoint(note), note)
            on_step("signature")
            signer.state.write(note)
            on_step("state")
        return _store_and_enter(archive, signed, on_step)


def require_extended(archive: Archive, signer: LogSigner) -> None:
    """See that the database extends every checkpoint that is known; raises `LogRefusedError`."""
    with only_signer(archive):
        _require_extended(archive, _last_checkpoint(archive, signer))


@contextmanager
def only_signer(archive: Archive) -> Iterator[None]:
    """Wait until no other process signs; keep others from it while the block runs."""
    with archive.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SIGNER_LOCK_KEY})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SIGNER_LOCK_KEY})


def _begin(archive: Archive, signer: LogSigner, actor: str) -> None:
    """Enter into custody with which key the log begins; once, before its first checkpoint."""
    with archive.writer.begin() as connection:
        lock_chain(connection)
        if not log_keys(connection).keys:
            details = begun_details(signer.key.verifier_key)
            append(
                connection,
                LOG_BEGUN,
                keys=archive.sealing,
                subject_id=CUSTODY_PREFIX,
                actor=actor,
                details=details,
            )


def _require_key(archive: Archive, signer: LogSigner) -> None:
    """The key must be one that custody names."""
    with archive.writer.connect() as connection:
        keys = log_keys(connection).keys
    if keys and signer.key.verifier_key not in keys:
        raise LogRefusedError(
            "Key of the log",
            f"the key that custody names: {keys[-1]}",
            str(signer.key.verifier_key),
            "The file LETAPIS_LOG_KEY is that of another archive, or the key was exchanged without "
            "`letapis custody --rotate-key`.",
        )


def _last_checkpoint(archive: Archive, signer: LogSigner) -> SignedCheckpoint | None:
    """The largest checkpoint known from anywhere; every other one must be a beginning of its tree."""
    with archive.writer.connect() as connection:
        keys = (*log_keys(connection).keys, signer.key.verifier_key)
        in_ledger = newest_in_ledger(connection)
    known = {
        "the database": in_ledger,
        "the store": newest_in_store(archive.objects, keys),
        f"the file {signer.state.path}": _in_state(signer, keys),
    }
    found = {where: each for where, each in known.items() if each is not None}
    if not found:
        return None
    newest_at = max(found, key=lambda where: found[where].size)
    newest = found[newest_at]
    tree = LogTree(archive.objects, newest.size)
    for where, each in found.items():
        if (root := tree.root(each.size)) != each.checkpoint.root:
            raise LogRefusedError(
                f"Root of the first {each.size} entries",
                f"{each.checkpoint.root.hex()}, which a checkpoint in {where} says",
                f"{root.hex()} in the tiles of the store",
                "The tiles of the store contradict a signed checkpoint. The newest one, over "
                f"{newest.size} entries, is in {newest_at}.",
            )
    return newest


def _in_state(signer: LogSigner, keys: Sequence[VerifierKey]) -> SignedCheckpoint | None:
    note = signer.state.read()
    if note is None:
        return None
    try:
        return SignedCheckpoint(open_checkpoint(note, keys), note)
    except NoteRefusedError as problem:
        raise LogRefusedError(
            f"Last checkpoint in {signer.state.path}",
            problem.expected,
            problem.found,
            "The file was damaged or changed.",
        ) from problem


def _require_extended(archive: Archive, base: SignedCheckpoint | None) -> None:
    """The database must have every entry of the last checkpoint, and the last one as it was signed."""
    if base is None or base.size == 0:
        return
    with archive.writer.connect() as connection:
        row = connection.execute(select(custody).where(custody.c.seq == base.size)).first()
        last = connection.execute(select(func.max(custody.c.seq))).scalar_one() or 0
    if row is None:
        raise LogRefusedError(
            "Entries in the database",
            f"{base.size} at least, which the last checkpoint covers",
            str(last),
            "An older database was restored, or its end was cut off. Run `letapis rebuild`, which brings the "
            "missing entries back from the store.",
        )
    signed, found = LogTree(archive.objects, base.size).leaf(base.size - 1), leaf_hash(entry_of(row).canonical())
    if signed != found:
        raise LogRefusedError(
            f"Hash of {custody_key(base.size)}",
            f"{signed.hex()}, which the last checkpoint covers",
            f"{found.hex()} in the database",
            "An older database was restored and has gone on without later entries, or an entry was rewritten.",
        )


def _grow_tiles(archive: Archive, base: SignedCheckpoint | None) -> TreeEdge:
    """Write what the entries after the last checkpoint add to tiles and bundles; returns the edge of the tree."""
    size = 0 if base is None else base.size
    tree = LogTree(archive.objects, size)
    edge = TreeEdge(size, tree.hashes_of)
    expected = EMPTY_ROOT if base is None else base.checkpoint.root
    if edge.root() != expected:
        raise LogRefusedError(
            f"Root of the first {size} entries",
            expected.hex(),
            edge.root().hex(),
            "Tiles of the store were replaced.",
        )

    def store(each: tuple[str, bytes]) -> None:
        key, content = each
        digest = sha256(content)
        try:
            archive.objects.put_new(key, content, sha256=digest)
        except KeyTakenError as taken:
            raise LogRefusedError(
                f"Object {key}",
                str(taken.expected),
                str(taken.found),
                "Another tree was begun in this store: an older database was restored, or an object was planted.",
            ) from taken

    with archive.writer.connect() as connection:
        for _ in map_bounded(store, _new_objects(connection, edge)):
            pass
    return edge


def _new_objects(connection: Connection, edge: TreeEdge) -> Iterator[tuple[str, bytes]]:
    """Keys and bytes of the tiles and bundles that entries after the edge fill, then of the partial ones."""
    begun = edge.size // WIDTH * WIDTH
    start = edge.size
    bundle: list[bytes] = []
    before: Digest | None = None
    query = select(custody).where(custody.c.seq > begun).order_by(custody.c.seq)
    for row in connection.execute(query.execution_options(yield_per=ROWS)):
        entry = entry_of(row)
        content = entry.canonical()
        digest = sha256(content)
        if (entry.seq, str(digest)) != (begun + len(bundle) + 1, row.digest) or entry.previous != (
            before or entry.previous
        ):
            raise _broken_chain(before, entry, digest, row.digest, begun + len(bundle) + 1)
        bundle.append(content)
        before = digest
        if entry.seq > start:
            for tile, hashes in edge.append(leaf_hash(content)):
                yield log_key(tile.path), tile_bytes(hashes)
        if len(bundle) == WIDTH:
            if entry.seq > start:
                yield from _bundle(Tile(0, begun // WIDTH), bundle)
            begun, bundle = begun + WIDTH, []
    if edge.size == start:
        return
    for tile, hashes in edge.partial_tiles():
        yield log_key(tile.path), tile_bytes(hashes)
    if bundle:
        yield from _bundle(Tile(0, begun // WIDTH, len(bundle)), bundle)


def _bundle(tile: Tile, entries: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """A bundle; none where an entry is too long for one, as entries of earlier versions may be (decision 33)."""
    if all(map(fits_bundle, entries)):
        yield log_key(tile.entries_path), bundle_bytes(entries)


def _broken_chain(
    before: Digest | None, entry: CustodyEntry, digest: Digest, stated: str, seq: int
) -> LogRefusedError:
    """The rows must be a chain: no gap, each with its own digest and that of the one before."""
    return LogRefusedError(
        f"Entry {seq} in the database",
        f"number {seq} with the digest {stated}, after {before or 'the entry before'}",
        f"number {entry.seq} with {digest}, after {entry.previous}",
        "A row was changed or removed; run `letapis verify`.",
    )


def _require_last(connection: Connection, edge: TreeEdge) -> None:
    """Once more under the chain's lock: nobody has exchanged the database meanwhile."""
    if edge.size and connection.execute(select(custody.c.seq).where(custody.c.seq == edge.size)).first() is None:
        raise LogRefusedError(
            "Entries in the database", f"{edge.size} at least", "fewer", "The database was exchanged meanwhile."
        )


def _store_and_enter(
    archive: Archive, signed: SignedCheckpoint, on_step: OnStep = lambda _: None
) -> SignedCheckpoint:
    """Store the checkpoint and record it; what is there already stays."""
    if signed.at is not None and signed.version_id is not None:
        with archive.writer.connect() as connection:
            newest = newest_in_ledger(connection)
        if newest is not None and newest.size == signed.size:
            return newest
    stored = archive.objects.put_new(checkpoint_key(signed.size), signed.note, sha256=sha256(signed.note))
    on_step("checkpoint")
    with archive.writer.begin() as connection:
        enter_checkpoint(connection, signed, stored.version_id)
    on_step("row")
    return replace(signed, version_id=stored.version_id)
