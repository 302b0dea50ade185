"""Holds a checkpoint that came from elsewhere against the archive's entries, and names the first that differs.

In: hashes of the archive's entries, the bytes of a checkpoint, verifier keys from outside, stores whose tiles may
still have the tree that was signed. Out: `Verified`. A cut tail, a replaced entry and a rewritten tree are named
with the first entry that differs: found by the tiles that give the signed root, wherever such are left. Where none
are, smaller checkpoints that the same keys signed say up to which entry all is as it was. Without a key from
outside, the signature proves nothing, and a remark says so. Reads only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from processors.transparency_log.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from processors.transparency_log.merkle import CompactRange, leaf_hash, merkle_root
from processors.transparency_log.signed_note import NoteRefusedError, VerifierKey
from storage.findings import Mismatch, VerificationRemark, Verified, verified
from storage.ledger.chain import Chain
from storage.log.checkpoints import all_in_store
from storage.log.log_keys import successors
from storage.log.tree_reader import LogTree, TileMissingError
from storage.objects.errors import StoreError
from storage.objects.keys import custody_key
from storage.objects.reader import StoreReader

LARGEST_GAP: Final = 10_000_000

UNPROVED: Final = (
    "its signature was not held against a key from outside: whoever owns the archive could have made this "
    "checkpoint anew. Give the key that was noted when it was handed over: --key"
)


@dataclass(frozen=True, slots=True)
class ArchiveLeaves:
    """The hash of each entry, from the first on; None where the entry is lost or cannot be read."""

    hashes: tuple[bytes | None, ...]

    @property
    def whole(self) -> int:
        """How many entries from the first on are known without a gap."""
        return next((at for at, each in enumerate(self.hashes) if each is None), len(self.hashes))

    def known(self, size: int) -> list[bytes] | None:
        """The hashes of the first ``size`` entries; None where one of them is not known."""
        return [each for each in self.hashes[:size] if each is not None] if size <= self.whole else None


def leaves_of_chain(chain: Chain) -> ArchiveLeaves:
    """The hashes of the entries of a chain; what comes after a gap that no archive has is not looked at."""
    hashes: list[bytes | None] = []
    for link in chain.entries:
        lacking = link.entry.seq - 1 - len(hashes)
        if lacking > LARGEST_GAP:
            break  # a key with a large number, which anybody who may write could have put there
        if lacking >= 0:
            hashes.extend([None] * lacking)
            hashes.append(leaf_hash(link.entry.canonical()))
    return ArchiveLeaves(tuple(hashes))


def hold_checkpoint(
    objects: StoreReader,
    chain: Chain,
    leaves: ArchiveLeaves,
    note: bytes,
    keys: Sequence[VerifierKey],
    *,
    subject: str,
    others: Sequence[StoreReader] = (),
) -> Verified:
    """One checkpoint against one store; ``others`` may have tiles that this store has lost."""
    trusted = tuple(successors(keys, (link.entry for link in chain.entries)))
    try:
        checkpoint = read_checkpoint(note)
    except NoteRefusedError as problem:
        return Verified(subject, (Mismatch(problem.what, problem.expected, problem.found),))
    return verified(subject, _found((objects, *others), leaves, checkpoint, note, trusted))


def _found(
    stores: Sequence[StoreReader],
    leaves: ArchiveLeaves,
    checkpoint: Checkpoint,
    note: bytes,
    trusted: Sequence[VerifierKey],
) -> Iterator[Mismatch | VerificationRemark]:
    if not trusted:
        yield VerificationRemark(UNPROVED)
    else:
        try:
            open_checkpoint(note, trusted)
        except NoteRefusedError as problem:
            yield Mismatch(problem.what, problem.expected, problem.found)
    size = checkpoint.size
    if size > len(leaves.hashes):
        first = custody_key(len(leaves.hashes) + 1)
        found = f"{len(leaves.hashes)}: its end was cut off; the first that is missing is {first}"
        yield Mismatch("entries", f"{size}, which the checkpoint covers", found)
    elif size > leaves.whole:
        first = custody_key(leaves.whole + 1)
        yield Mismatch("entries", f"all of the first {size}, which the checkpoint covers", f"not {first}")
    known = leaves.known(min(size, leaves.whole)) or []
    if size == len(known) and merkle_root(known) == checkpoint.root:
        return
    if (tree := _signed_tree(stores, checkpoint)) is not None:
        at = first_difference(tree, known)
        if at < len(known):
            yield Mismatch(
                f"{custody_key(at + 1)}: hash of the entry, the first that differs",
                f"{tree.leaf(at).hex()}, as the tiles in {tree.objects.name} that the checkpoint signs have it",
                known[at].hex(),
            )
    elif size == len(known):
        agreed = _agreed(stores, known, trusted)
        yield Mismatch(
            f"root of the first {size} entries",
            checkpoint.root.hex(),
            f"{merkle_root(known).hex()}; the signed tree's tiles are lost or rewritten as well, so that all that "
            f"can be said is: {agreed}",
        )


def _signed_tree(stores: Sequence[StoreReader], checkpoint: Checkpoint) -> LogTree | None:
    """The tree whose tiles give the signed root, in whichever store."""
    for store in stores:
        tree = LogTree(store, checkpoint.size)
        try:
            if tree.root() == checkpoint.root:
                return tree
        except (TileMissingError, ValueError, StoreError):
            continue
    return None


def first_difference(tree: LogTree, leaves: Sequence[bytes]) -> int:
    """The first leaf that differs from the tree's, by halves; the number of leaves where none does."""
    start, end = 0, len(leaves)
    while end - start > 1:
        half = start + (1 << ((end - start - 1).bit_length() - 1))
        if tree.range_root(start, half) != merkle_root(leaves[start:half]):
            end = half
        else:
            start = half
    return start if start < len(leaves) and tree.leaf(start) != leaves[start] else len(leaves)


def _agreed(stores: Sequence[StoreReader], known: Sequence[bytes], trusted: Sequence[VerifierKey]) -> str:
    """What smaller checkpoints by the same keys say."""
    roots: dict[int, bytes] = {}
    wanted = {
        each.size: each.checkpoint.root
        for store in stores
        for each in all_in_store(store, trusted)
        if each.size <= len(known)
    }
    grown = CompactRange()
    for size, leaf in enumerate(known, start=1):
        grown.append(leaf)
        if size in wanted:
            roots[size] = grown.root()
    same = max((size for size, root in roots.items() if root == wanted[size]), default=0)
    if same:
        return (
            f"the first {same} are as a smaller checkpoint signs them, and one after {custody_key(same)} differs"
        )
    return "one of these entries differs"
