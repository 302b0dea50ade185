"""Merkle trees: hashes of leaves and nodes, roots, proofs of inclusion and of consistency, and their verification.

In: hashes of leaves (32 bytes each), or a function that gives the hash of a full subtree. Out: hashes, proofs as
tuples of hashes. The functions that verify say yes or no and raise nothing on a proof that does not hold. Those
that make proofs raise ``ValueError`` where index or size lies outside the tree. Source: RFC 6962 section 2.1
(hashes) and RFC 9162 sections 2.1.3 and 2.1.4 (the algorithms that verify).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

Subtree = Callable[[int, int], bytes]
"""The hash of the full subtree of ``2**level`` leaves whose first leaf is ``index * 2**level``: (level, index)."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one leaf; the prefix keeps a node from being passed off as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over the hashes of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves."""
    edge = CompactRange()
    for leaf in leaves:
        edge.append(leaf)
    return edge.root()


class CompactRange:
    """A tree that only grows, of which it keeps the hashes of its full subtrees: at most 64, whatever its size."""

    def __init__(self, size: int = 0, subtrees: Sequence[bytes] = ()) -> None:
        if len(subtrees) != size.bit_count():
            raise ValueError(
                f"a tree of {size} leaves: expected {size.bit_count()} subtrees, found {len(subtrees)}"
            )
        self.size = size
        self._subtrees = list(subtrees)

    @property
    def subtrees(self) -> tuple[bytes, ...]:
        """The hashes of the full subtrees, from the largest, on the left, to the smallest."""
        return tuple(self._subtrees)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        size, node = self.size, leaf
        while size & 1:
            node = node_hash(self._subtrees.pop(), node)
            size >>= 1
        self._subtrees.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return fold(self._subtrees)


def fold(subtrees: Sequence[bytes]) -> bytes:
    """The root over adjacent full subtrees, the largest first."""
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


def full_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The full subtrees (level, index) that cover the leaves from ``start`` to before ``end``, the largest first.

    ``start`` is a multiple of the largest power of two that is not larger than the range, as in every split of
    RFC 6962.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def range_root(start: int, end: int, subtree: Subtree) -> bytes:
    """The Merkle tree hash over the leaves from ``start`` to before ``end``, D[start:end] in the RFC."""
    return fold([subtree(level, index) for level, index in full_subtrees(start, end)])


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The hashes that lead from the leaf ``index`` to the root of the tree of ``size``: PATH(m, D[n])."""
    if not 0 <= index < size:
        raise ValueError(f"inclusion proof: expected a leaf before {size}, found {index}")
    proof, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(range_root(middle, end, subtree))
            end = middle
        else:
            proof.append(range_root(start, middle, subtree))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The hashes that show the tree of ``old`` leaves to be the beginning of that of ``new``: PROOF(m, D[n])."""
    if not 0 <= old <= new:
        raise ValueError(f"consistency proof: expected a size up to {new}, found {old}")
    if old in (0, new):
        return ()
    proof, start, end, whole = [], 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(range_root(middle, end, subtree))
            end = middle
        else:
            proof.append(range_root(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        proof.append(range_root(start, end, subtree))
    return tuple(reversed(proof))


def _split(count: int) -> int:
    """The largest power of two smaller than ``count``, which is at least 2."""
    return int(1 << ((count - 1).bit_length() - 1))


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the hash of the leaf to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size or any(len(each) != HASH_BYTES for each in proof):
        return False
    position, last, node = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(each, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, each)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the new tree to begin with all of the old one (RFC 9162, section 2.1.4.2)."""
    if not 0 <= old <= new or any(len(each) != HASH_BYTES for each in proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    of_old = of_new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            of_old, of_new = node_hash(each, of_old), node_hash(each, of_new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            of_new = node_hash(of_new, each)
        position, last = position >> 1, last >> 1
    return last == 0 and of_old == old_root and of_new == new_root
