"""Checks the log in a store against the chain of custody: tiles, bundles, checkpoints, proofs, their locks.

In: a store, the chain read from it, what is expected of locks; checkpoints that the database has, if there is one.
Out: one `Verified` for the log, none where there is no log and none was begun. Every object under ``log/`` is read
and compared with what the entries give; nothing in the log is trusted instead of the chain. Reads only. An object
that cannot be read is a mismatch; an unavailable store raises `storage.objects.errors`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from processors.transparency_log.checkpoint import open_checkpoint
from processors.transparency_log.merkle import CompactRange, merkle_root
from processors.transparency_log.signed_note import NoteRefusedError
from processors.transparency_log.tiles import WIDTH, TilePath, bundle_bytes, fits_bundle, parse_path, tiles_of
from storage.findings import Mismatch, VerificationRemark, Verified, verified
from storage.integrity.held_checkpoint import ArchiveLeaves, leaves_of_chain
from storage.ledger.chain import LARGEST_BYTES, Chain
from storage.ledger.retention import RetentionLock, RetentionPolicy
from storage.log.checkpoints import SignedCheckpoint
from storage.log.log_keys import LogKeys, keys_in
from storage.objects.errors import StoreUnreachableError
from storage.objects.keys import (
    CHECKPOINTS_PREFIX,
    LOG_PREFIX,
    PROOFS_PREFIX,
    TILES_PREFIX,
    checkpoint_key,
    checkpoint_proof,
    checkpoint_size,
    custody_key,
    log_key,
)
from storage.objects.model import PRIMARY, ListedVersion, ObjectHead
from storage.objects.parallel import map_bounded
from storage.objects.reader import StoreReader

SUBJECT: Final = "log"


@dataclass(frozen=True, slots=True)
class _Read:
    """The oldest version of a key: what it holds and how it is locked, or why it cannot be read."""

    version: ListedVersion
    head: ObjectHead | None
    content: bytes
    problem: str | None


def verify_log(
    objects: StoreReader, chain: Chain, locks: RetentionPolicy, ledger: Sequence[SignedCheckpoint] | None
) -> Iterator[Verified]:
    """The log of one store; ``ledger`` are the checkpoints of the database, None where there is none."""
    keys = keys_in(link.entry for link in chain.entries)
    by_key = {key: list(each) for key, each in groupby(objects.list(LOG_PREFIX), key=lambda each: each.key)}
    if not by_key and not keys.keys and not keys.problems and not ledger:
        return
    yield verified(SUBJECT, _found(objects, chain, locks, keys, by_key, ledger))


def _found(
    objects: StoreReader,
    chain: Chain,
    locks: RetentionPolicy,
    keys: LogKeys,
    by_key: Mapping[str, Sequence[ListedVersion]],
    ledger: Sequence[SignedCheckpoint] | None,
) -> Iterator[Mismatch | VerificationRemark]:
    for problem in keys.problems:
        yield Mismatch(f"{custody_key(problem.seq)}: key of the log", problem.expected, problem.found)
    for named in keys.named:
        if named.has_no_signature:
            yield VerificationRemark(
                f"{custody_key(named.seq)}: the key of the log was lost, and {named.key} signs since "
                f"{named.at:%Y-%m-%d %H:%M} UTC; no signature of the old key vouches for it. Compare checkpoints "
                "of before that somebody else has kept, and make the new key known to whoever noted the old one"
            )
    tree = _Tree.of(chain)
    roots: dict[int, bytes] = {}
    held: list[RetentionLock] = []
    for read in map_bounded(lambda listed: _read(objects, listed), by_key.values()):
        key = read.version.key
        yield from _other_versions(by_key[key], read)
        if read.head is None:
            yield Mismatch(key, "readable", read.problem or "none")
            continue
        held.append(RetentionLock(key, read.head.version_id, read.head.locked_until, read.version.stored_at))
        if key.startswith(TILES_PREFIX):
            yield from _tile(tree, key, read.content)
        elif key.startswith(CHECKPOINTS_PREFIX):
            for each in _checkpoint(keys, key, read.content):
                if isinstance(each, Mismatch):
                    yield each
                else:
                    roots[each.size] = each.checkpoint.root
        elif not key.startswith(PROOFS_PREFIX) or not _is_proof(key):
            yield Mismatch(key, "a tile, a bundle, a checkpoint or a proof", "another object")
    yield from _roots(tree.leaves, roots)
    yield from _lacking(tree, set(by_key), max(roots, default=0))
    yield from _ledger(objects, ledger, roots)
    yield from locks.judge_many(held, "objects of the log")


def _is_proof(key: str) -> bool:
    try:
        checkpoint_proof(key)
    except ValueError:
        return False
    return True


def _read(objects: StoreReader, listed: Sequence[ListedVersion]) -> _Read:
    version = next((each for each in reversed(listed) if not each.delete_marker), listed[-1])
    if version.delete_marker or version.length_bytes > LARGEST_BYTES:
        found = "a delete marker" if version.delete_marker else f"{version.length_bytes} bytes, too many"
        return _Read(version, None, b"", found)
    try:
        got = objects.get(version.key, version.version_id)
    except StoreUnreachableError as problem:
        objects.require_fit()  # a store that is away raises; else it is this object alone
        return _Read(version, None, b"", problem.found)
    return _Read(version, None, b"", "none") if got is None else _Read(version, got[0], got[1], None)


def _other_versions(listed: Sequence[ListedVersion], read: _Read) -> Iterator[Mismatch]:
    for each in listed:
        if each is not read.version:
            what = "delete marker" if each.delete_marker else "object version"
            yield Mismatch(f"{each.key}: {what}", "none besides the first", each.version_id)


@dataclass(frozen=True, slots=True)
class _Tree:
    """What the entries give: their bytes, their hashes, and the hashes of full tiles level by level."""

    chain: Chain
    leaves: ArchiveLeaves
    levels: tuple[Sequence[bytes | None], ...]
    at: Mapping[int, int]
    """Where an entry stands in the chain, by its number."""

    @classmethod
    def of(cls, chain: Chain) -> "_Tree":
        leaves = leaves_of_chain(chain)
        levels: list[Sequence[bytes | None]] = [leaves.hashes]
        while len(levels[-1]) >= WIDTH:
            below = levels[-1]
            full = (below[start : start + WIDTH] for start in range(0, len(below) // WIDTH * WIDTH, WIDTH))
            levels.append([_root_of_known(each) for each in full])
        return cls(chain, leaves, tuple(levels), {link.entry.seq: at for at, link in enumerate(chain.entries)})

    def hashes(self, path: TilePath) -> Sequence[bytes | None]:
        tile = path.tile
        level = self.levels[tile.level] if tile.level < len(self.levels) else ()
        return level[tile.index * WIDTH : tile.index * WIDTH + tile.width]

    def entries(self, path: TilePath) -> list[bytes] | None:
        first = path.tile.index * WIDTH + 1
        places = [self.at.get(seq) for seq in range(first, first + path.tile.width)]
        known = [self.chain.entries[at].entry.canonical() for at in places if at is not None]
        return known if len(known) == path.tile.width else None


def _root_of_known(hashes: Sequence[bytes | None]) -> bytes | None:
    known = [each for each in hashes if each is not None]
    return merkle_root(known) if len(known) == len(hashes) else None


def _tile(tree: _Tree, key: str, content: bytes) -> Iterator[Mismatch]:
    try:
        path = parse_path(key.removeprefix(LOG_PREFIX))
    except ValueError as problem:
        yield Mismatch(key, "the key of a tile or a bundle", str(problem))
        return
    expected = tree.hashes(path)
    last = len(tree.leaves.hashes)
    covers = min(1 << 62, (path.tile.index * WIDTH + path.tile.width) << (8 * path.tile.level))
    if len(expected) < path.tile.width:
        found = f"{last}; the first that is missing is {custody_key(last + 1)}"
        yield Mismatch(f"{key}: entries", f"{covers}, which it covers", found)
    if path.entries:
        entries = tree.entries(path)
        if entries is None or not all(map(fits_bundle, entries)):
            return  # entries that are lost were named with the chain
        if content != bundle_bytes(entries):
            yield Mismatch(key, "the bytes of the entries", "others")
        return
    hashes = [content[start : start + 32] for start in range(0, len(content), 32)]
    if len(content) != path.tile.width * 32:
        yield Mismatch(f"{key}: length in bytes", str(path.tile.width * 32), str(len(content)))
    for at, (wanted, found_hash) in enumerate(zip(expected, hashes, strict=False)):
        if wanted is not None and wanted != found_hash:
            first = ((path.tile.index * WIDTH + at) << (8 * path.tile.level)) + 1
            about = custody_key(first) if path.tile.level == 0 else f"entries from {custody_key(first)} on"
            yield Mismatch(f"{key}: hash of {about}", wanted.hex(), found_hash.hex())
            return


def _checkpoint(keys: LogKeys, key: str, content: bytes) -> Iterator[Mismatch | SignedCheckpoint]:
    try:
        size = checkpoint_size(key)
        checkpoint = open_checkpoint(content, keys.keys)
    except NoteRefusedError as problem:
        yield Mismatch(f"{key}: {problem.what}", problem.expected, problem.found)
        return
    except ValueError as problem:
        yield Mismatch(key, "the key of a checkpoint", str(problem))
        return
    if checkpoint.size != size:
        yield Mismatch(f"{key}: size", str(size), str(checkpoint.size))
        return
    yield SignedCheckpoint(checkpoint, content)


def _roots(leaves: ArchiveLeaves, roots: Mapping[int, bytes]) -> Iterator[Mismatch]:
    last = len(leaves.hashes)
    for size in sorted(roots):
        if size > last:
            found = f"{last}; the first that is missing is {custody_key(last + 1)}"
            yield Mismatch(f"{checkpoint_key(size)}: entries", f"{size}, which it covers", found)
    grown = CompactRange()
    whole = leaves.known(leaves.whole) or []
    for size, leaf in enumerate(whole, start=1):
        grown.append(leaf)
        if size in roots and grown.root() != roots[size]:
            yield Mismatch(f"{checkpoint_key(size)}: root", grown.root().hex(), roots[size].hex())


def _lacking(tree: _Tree, stored: set[str], size: int) -> Iterator[Mismatch]:
    """Tiles and bundles that the newest checkpoint needs; a bundle with too long an entry is not written."""
    for tile in tiles_of(size):
        if log_key(tile.path) not in stored:
            yield Mismatch(log_key(tile.path), "the tile", "none")
        if tile.level == 0 and log_key(tile.entries_path) not in stored:
            entries = tree.entries(TilePath(tile, entries=True))
            if entries is not None and all(map(fits_bundle, entries)):
                yield Mismatch(log_key(tile.entries_path), "the bundle", "none")


def _ledger(
    objects: StoreReader, ledger: Sequence[SignedCheckpoint] | None, roots: Mapping[int, bytes]
) -> Iterator[Mismatch]:
    """Checkpoints of the database, which the first store must have."""
    for each in ledger or ():
        root = roots.get(each.size)
        if root is None and objects.name != PRIMARY:
            continue  # its copy may be pending
        if root != each.checkpoint.root:
            found = "none" if root is None else root.hex()
            yield Mismatch(f"{checkpoint_key(each.size)}: root in the ledger", each.checkpoint.root.hex(), found)
