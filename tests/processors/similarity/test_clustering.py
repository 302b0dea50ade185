"""Groups keep their links, listen to people, and do not melt together over one weak link."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.digest import Digest, sha256
from processors.similarity.clustering import (
    Cluster,
    Judgement,
    MediaLink,
    cluster_id,
    cluster_media,
    describe_distance,
)


def file(name: str) -> Digest:
    return sha256(name.encode())


def link(a: str, b: str, distance: int = 10) -> MediaLink:
    first, second = sorted((file(a), file(b)))
    return MediaLink(first, second, "pdq", distance, describe_distance("pdq", distance))


def family(names: str) -> list[MediaLink]:
    """Every member alike to every other."""
    return [link(a, b) for a, b in itertools.combinations(names, 2)]


def judgement(a: str, b: str, *, same: bool) -> Judgement:
    return Judgement(file(a), file(b), same)


def members(clusters: tuple[Cluster, ...]) -> set[frozenset[Digest]]:
    return {frozenset(cluster.members) for cluster in clusters}


def named(*families: str) -> set[frozenset[Digest]]:
    return {frozenset(file(name) for name in names) for names in families}


def test_two_files_alike_are_a_group_with_their_link() -> None:
    (cluster,) = cluster_media([link("a", "b")])
    assert cluster == Cluster(
        cluster_id([file("a"), file("b")]), tuple(sorted([file("a"), file("b")])), (link("a", "b"),)
    )


def test_the_id_is_the_digest_of_the_sorted_members() -> None:
    a, b = sorted([file("a"), file("b")])
    assert cluster_media([link("a", "b")])[0].id == sha256(f"{a}\n{b}\n".encode()).hex


def test_one_weak_link_does_not_melt_two_families() -> None:
    clusters = cluster_media([*family("abcd"), *family("wxyz"), link("d", "w", 31)])
    assert members(clusters) == named("abcd", "wxyz")


def test_a_chain_of_weak_links_stays_small() -> None:
    chain = [link(a, b, 31) for a, b in itertools.pairwise("abcdefgh")]
    assert max(len(cluster.members) for cluster in cluster_media(chain)) == 2


def test_a_file_that_knows_half_of_a_family_belongs_to_it() -> None:
    assert members(cluster_media([*family("abcd"), link("e", "a"), link("e", "b")])) == named("abcde")


def test_same_joins_what_no_link_joins() -> None:
    clusters = cluster_media([*family("abc"), *family("xyz")], [judgement("a", "x", same=True)])
    assert members(clusters) == named("abcxyz")


def test_different_keeps_apart_what_every_link_joins() -> None:
    clusters = cluster_media(family("abcd"), [judgement("a", "b", same=False)])
    assert len(members(clusters)) == 1 or all(len(group) > 1 for group in members(clusters))
    for cluster in clusters:
        assert not {file("a"), file("b")} <= set(cluster.members)


def test_different_outranks_same_that_would_bring_both_together() -> None:
    judgements = [judgement("a", "b", same=False), judgement("a", "c", same=True), judgement("b", "c", same=True)]
    for cluster in cluster_media([], judgements):
        assert not {file("a"), file("b")} <= set(cluster.members)


def test_links_between_groups_are_in_neither() -> None:
    between = link("d", "w", 31)
    for cluster in cluster_media([*family("abcd"), *family("wxyz"), between]):
        assert between not in cluster.links


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij"), st.integers(0, 31)), max_size=40
    ),
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij"), st.booleans()), max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_order_of_links_and_judgements_does_not_matter(
    pairs: list[tuple[str, str, int]], opinions: list[tuple[str, str, bool]], shuffled: random.Random
) -> None:
    links = [link(a, b, distance) for a, b, distance in pairs if a != b]
    judgements = [judgement(a, b, same=same) for a, b, same in opinions if a != b]
    clusters = cluster_media(links, judgements)
    shuffled.shuffle(links)
    shuffled.shuffle(judgements)
    assert cluster_media(links, judgements) == clusters


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij")), max_size=40),
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij")), max_size=6),
)
def test_no_file_is_in_two_groups_and_none_with_what_was_told_apart(
    pairs: list[tuple[str, str]], apart: list[tuple[str, str]]
) -> None:
    clusters = cluster_media(
        [link(a, b) for a, b in pairs if a != b], [judgement(a, b, same=False) for a, b in apart if a != b]
    )
    everyone = [member for cluster in clusters for member in cluster.members]
    assert len(everyone) == len(set(everyone))
    for a, b in apart:
        if a != b:
            assert not any({file(a), file(b)} <= set(cluster.members) for cluster in clusters)


def near(one: Digest, other: Digest) -> MediaLink:
    return MediaLink(min(one, other), max(one, other), "pdq", 20, "near")


@st.composite
def two_families(draw: st.DrawFn) -> tuple[list[Digest], list[Digest], list[tuple[Digest, Digest]]]:
    """Two families that know their own, in any order of names, and stray links between them.

    No file has stray links to as many as a third of the other family.
    """
    files = draw(st.permutations([sha256(str(number).encode()) for number in range(20)]))
    ours = files[: draw(st.integers(3, 10))]
    theirs = files[10 : 10 + draw(st.integers(3, 10))]
    most = {True: (len(theirs) - 1) // 3, False: (len(ours) - 1) // 3}
    stray: list[tuple[Digest, Digest]] = []
    for a, b in draw(st.lists(st.tuples(st.sampled_from(ours), st.sampled_from(theirs)), unique=True)):
        if sum(a == x for x, _ in stray) < most[True] and sum(b == y for _, y in stray) < most[False]:
            stray.append((a, b))
    return ours, theirs, stray


@given(two_families())
def test_stray_links_neither_melt_two_families_nor_carry_off_a_member(
    drawn: tuple[list[Digest], list[Digest], list[tuple[Digest, Digest]]],
) -> None:
    ours, theirs, stray = drawn
    known = [pair for family in (ours, theirs) for pair in itertools.combinations(family, 2)]
    found = cluster_media([near(*pair) for pair in (*known, *stray)])
    assert {frozenset(cluster.members) for cluster in found} == {frozenset(ours), frozenset(theirs)}


@given(st.integers(4, 40), st.randoms(use_true_random=False))
def test_a_chain_however_long_is_never_one_group(length: int, chance: random.Random) -> None:
    files = [sha256(str(number).encode()) for number in range(length)]
    chance.shuffle(files)
    found = cluster_media([near(*pair) for pair in itertools.pairwise(files)])
    assert max(len(cluster.members) for cluster in found) <= 4
    ends = {files[0], files[-1]}
    assert length <= 4 or not any(ends <= set(cluster.members) for cluster in found)


def test_a_link_names_the_smaller_digest_first() -> None:
    a, b = sorted([file("a"), file("b")])
    with pytest.raises(ValueError, match="expected a before b"):
        MediaLink(b, a, "pdq", 0, "")


@pytest.mark.parametrize(
    ("algorithm", "distance", "words"),
    [("pdq", 0, "all 256 bits"), ("pdq", 31, "near"), ("pdq", 32, "not alike"), ("phash", 8, "look at both")],
)
def test_a_distance_has_a_meaning_in_words(algorithm: str, distance: int, words: str) -> None:
    assert words in describe_distance(algorithm, distance)
