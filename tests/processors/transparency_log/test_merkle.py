"""Roots and proofs against the published vectors of RFC 6962's authors and against pymerkle, which is not ours.

The vectors are those of github.com/google/certificate-transparency, ``cpp/merkletree/merkle_tree_test.cc``.
"""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, InvalidProof

from processors.transparency_log.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Subtree,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    merkle_root,
    node_hash,
    range_root,
)

ENTRIES = [
    bytes.fromhex(digits)
    for digits in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def subtree_of(leaves: Sequence[bytes]) -> Subtree:
    return lambda level, index: merkle_root(leaves[index << level : (index + 1) << level])


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_a_root_is_the_published_one(size: int) -> None:
    assert merkle_root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle_root([]) == EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, ()),
        (
            0,
            8,
            (
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ),
        ),
        (
            5,
            8,
            (
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ),
        ),
        (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
        (
            1,
            5,
            (
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ),
        ),
    ],
)
def test_an_inclusion_proof_is_the_published_one(index: int, size: int, expected: tuple[str, ...]) -> None:
    assert tuple(each.hex() for each in inclusion_proof(index, size, subtree_of(LEAVES))) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 1, ()),
        (
            1,
            8,
            (
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ),
        ),
        (
            6,
            8,
            (
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ),
        ),
        (
            2,
            5,
            (
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ),
        ),
    ],
)
def test_a_consistency_proof_is_the_published_one(old: int, new: int, expected: tuple[str, ...]) -> None:
    assert tuple(each.hex() for each in consistency_proof(old, new, subtree_of(LEAVES))) == expected


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_another_implementation_has_the_same_roots_and_proofs(entries: list[bytes], data: st.DataObject) -> None:
    other = InmemoryTree(algorithm="sha256")
    for entry in entries:
        other.append_entry(entry)
    leaves = [leaf_hash(entry) for entry in entries]
    old = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, len(entries) - 1))
    assert merkle_root(leaves) == other.get_root()
    assert merkle_root(leaves[:old]) == other.get_root(old)
    theirs = list(other.prove_inclusion(index + 1).path)
    theirs.remove(leaves[index])
    assert sorted(inclusion_proof(index, len(entries), subtree_of(leaves))) == sorted(theirs)
    other.prove_consistency(old, len(entries)).verify(merkle_root(leaves[:old]), merkle_root(leaves))
    with pytest.raises(InvalidProof):
        other.prove_consistency(old, len(entries)).verify(leaf_hash(b"forged"), merkle_root(leaves))


def written_subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) as RFC 6962, section 2.1.2, writes it."""
    if old == len(leaves):
        return [] if whole else [merkle_root(leaves)]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if old <= half:
        return [*written_subproof(old, leaves[:half], whole=whole), merkle_root(leaves[half:])]
    return [*written_subproof(old - half, leaves[half:], whole=False), merkle_root(leaves[:half])]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 33])
def test_every_consistency_proof_is_the_one_that_the_rfc_defines(size: int) -> None:
    leaves = leaves_of(size)
    made = [consistency_proof(old, size, subtree_of(leaves)) for old in range(1, size + 1)]
    assert made == [tuple(written_subproof(old, leaves, whole=True)) for old in range(1, size + 1)]


@given(st.integers(1, 300), st.data())
def test_every_leaf_is_proved_by_its_proof_and_by_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle_root(leaves), inclusion_proof(index, size, subtree_of(leaves))
    assert includes(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index)) if size > 1 else 1
    assert not includes(leaves[index], other, size, proof, root)
    assert not includes(leaf_hash(b"forged"), index, size, proof, root)
    assert not includes(leaves[index], index, size, (*proof, root), root)
    assert not includes(leaves[index], index, size, proof, leaf_hash(b"other root"))
    if proof:
        changed = data.draw(st.integers(0, len(proof) - 1))
        bent = tuple(leaf_hash(each) if at == changed else each for at, each in enumerate(proof))
        assert not includes(leaves[index], index, size, bent, root)
        assert not includes(leaves[index], index, size, proof[:-1], root)


@given(st.integers(1, 300), st.data())
def test_a_tree_extends_each_of_its_beginnings_and_no_other_tree(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    old = data.draw(st.integers(0, size))
    old_root, root = merkle_root(leaves[:old]), merkle_root(leaves)
    proof = consistency_proof(old, size, subtree_of(leaves))
    assert extends(old, old_root, size, root, proof)
    assert not extends(old, leaf_hash(b"other"), size, root, proof)
    assert not extends(old, old_root, size, leaf_hash(b"other"), proof) or old == 0
    assert not extends(old, old_root, size, root, (*proof, root))
    if proof:
        changed = data.draw(st.integers(0, len(proof) - 1))
        bent = tuple(leaf_hash(each) if at == changed else each for at, each in enumerate(proof))
        assert not extends(old, old_root, size, root, bent)
        assert not extends(old, old_root, size, root, proof[1:])


def test_a_tree_in_which_one_leaf_was_replaced_extends_nothing_after_it() -> None:
    leaves = leaves_of(20)
    forged = [*leaves[:7], leaf_hash(b"forged"), *leaves[8:]]
    proof = consistency_proof(12, 20, subtree_of(forged))
    assert extends(12, merkle_root(forged[:12]), 20, merkle_root(forged), proof)
    assert not extends(12, merkle_root(leaves[:12]), 20, merkle_root(forged), proof)


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_compact_range_goes_on_from_its_subtrees(first: int, more: int) -> None:
    leaves = leaves_of(first + more)
    begun = CompactRange()
    for leaf in leaves[:first]:
        begun.append(leaf)
    resumed = CompactRange(begun.size, begun.subtrees)
    for leaf in leaves[first:]:
        resumed.append(leaf)
    assert (resumed.size, resumed.root()) == (first + more, merkle_root(leaves))
    assert len(resumed.subtrees) == resumed.size.bit_count()


def test_a_range_of_leaves_has_the_root_of_its_own_tree() -> None:
    leaves = leaves_of(7)
    assert range_root(4, 7, subtree_of(leaves)) == node_hash(node_hash(leaves[4], leaves[5]), leaves[6])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"expected a leaf before {size}, found {index}"):
        inclusion_proof(index, size, subtree_of(leaves_of(3)))


def test_a_larger_tree_cannot_be_the_beginning_of_a_smaller() -> None:
    with pytest.raises(ValueError, match="expected a size up to 3, found 4"):
        consistency_proof(4, 3, subtree_of(leaves_of(4)))
