"""Hash trees of RFC 4998: many things covered by one time token, each provable by the few hashes on its way up.

In: the bytes that each leaf stands for. Out: what is to be stamped, and for each leaf its reduced tree. Raises
``ValueError`` where a hash is not in the tree that is said to hold it. Source: RFC 4998 sections 4.2 and 4.3.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

ReducedTree = tuple[tuple[bytes, ...], ...]
"""Lists of hashes: the first holds the leaf's own, each next one what is beside the hash of the list before."""


@dataclass(frozen=True, slots=True)
class HashTree:
    """``stamped`` are the bytes whose digest is the root; ``reduced`` has a tree for each leaf, in order."""

    stamped: bytes
    reduced: tuple[ReducedTree, ...]


def hash_tree(contents: Sequence[bytes], algorithm: str) -> HashTree:
    """The tree over these contents; of a single one there is no tree, and its own digest is stamped."""
    if not contents:
        raise ValueError("a hash tree: expected at least one leaf, found none")
    if len(contents) == 1:
        return HashTree(contents[0], ((),))
    hashes = [_digest(each, algorithm) for each in contents]
    paths: list[list[tuple[bytes, ...]]] = [[] for _ in contents]
    level: list[tuple[bytes, tuple[int, ...]]] = [(each, (place,)) for place, each in enumerate(hashes)]
    stamped = b""
    while len(level) > 1:
        above: list[tuple[bytes, tuple[int, ...]]] = []
        for at in range(0, len(level) - 1, 2):
            (left, of_left), (right, of_right) = level[at], level[at + 1]
            for own, beside, leaves in ((left, right, of_left), (right, left, of_right)):
                for leaf in leaves:
                    paths[leaf].append((beside,) if paths[leaf] else tuple(sorted((own, beside))))
            stamped = b"".join(sorted((left, right)))
            above.append((_digest(stamped, algorithm), of_left + of_right))
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return HashTree(stamped, tuple(map(tuple, paths)))


def root_over(digest: bytes, tree: ReducedTree, algorithm: str) -> bytes:
    """The root to which a reduced tree leads from this digest; without a tree the digest itself."""
    if not tree:
        return digest
    if digest not in tree[0]:
        raise ValueError(f"hash tree: expected {digest.hex()} in its first list, found others")
    found = digest
    for place, hashes in enumerate(tree):
        together = hashes if place == 0 else (*hashes, found)
        found = _digest(b"".join(sorted(together)), algorithm)
    return found


def _digest(content: bytes, algorithm: str) -> bytes:
    return hashlib.new(algorithm, content).digest()
