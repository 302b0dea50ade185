"""Groups of media that show the same picture, made from links that are each kept.

Two groups become one only where at least half of all pairs between them are linked. One weak link therefore never
melts two families into one, while a family whose copies all know each other grows as it should. Of pairs that are
linked equally well, those come first that have the most neighbours in common: a stray link between two families
must not carry off the file at its end. An analyst's verdict outranks every distance: "same" joins the families of
two files, "different" keeps two files apart whatever links or further judgements say.

Deterministic: the outcome depends on the set of links and judgements, not on their order.
"""

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from processors.digest import Digest

SUPPORT = 0.5
"""Share of linked pairs that two groups need to become one (average linkage over what was found)."""


MEANINGS = {
    "phash": (
        (0, "the same in all 64 bits of coarse structure: the same picture, re-saved at most"),
        (4, "almost the same coarse structure: the same picture, re-saved or scaled"),
        (8, "similar coarse structure: the same picture edited, or a very similar scene; look at both"),
        (64, "not alike by coarse structure"),
    ),
    "pdq": (
        (0, "the same in all 256 bits: the same picture, re-saved at most"),
        (10, "as near as re-saving or scaling brings it: the same picture"),
        (31, "near: the same picture, re-compressed, recoloured or with a small addition"),
        (256, "not alike by fine structure"),
    ),
    "regions": (
        (8, "parts agree in look and place: one is a crop of the other, framed, turned, or has something added"),
        (16, "parts agree in place and roughly in look: probably a crop or an edited copy; look at both"),
        (63, "no part in common"),
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class MediaLink:
    """Two files found alike: by what algorithm, how far apart, what that means, what of them matched.

    ``a < b`` always. ``quality`` is the lower of both fingerprints' qualities; ``matched`` says how ``a`` must be
    turned to match (``whole`` for not at all) and, for regions, how many of them agree. Where one is a video:
    ``share_a`` and ``share_b`` are the shares of each that the other shows, ``frames`` (seconds in ``a``, seconds
    in ``b``, distance) of the nearest matched frames, None for the time of a still.
    """

    a: Digest
    b: Digest
    algorithm: str
    distance_bits: int
    meaning: str
    quality: int | None = None
    matched: str = "whole"
    share_a: float | None = None
    share_b: float | None = None
    frames: tuple[tuple[float | None, float | None, int], ...] = ()

    def __post_init__(self) -> None:
        if not self.a < self.b:
            raise ValueError(f"link: expected a before b, found {self.a} and {self.b}")


class Verdict(StrEnum):
    """An analyst's verdict; ``undecided`` withdraws an earlier one."""

    SAME = "same"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person decided about two files; ``same`` False means that they show different pictures."""

    a: Digest
    b: Digest
    same: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """Two or more files; ``id`` is the hex sha256 of the sorted members, ``links`` those between members."""

    id: str
    members: tuple[Digest, ...]
    links: tuple[MediaLink, ...]


def describe_distance(algorithm: str, distance_bits: int) -> str:
    """A distance in words for the analyst; raises ``KeyError`` for an algorithm that has no words."""
    return next(words for limit, words in MEANINGS[algorithm] if distance_bits <= limit)


def cluster_id(members: Iterable[Digest]) -> str:
    """Hex sha256 over the text forms of the sorted members, one a line: the same members always get the same."""
    return hashlib.sha256("".join(f"{member}\n" for member in sorted(members)).encode()).hexdigest()


def cluster_media(links: Iterable[MediaLink], judgements: Iterable[Judgement] = ()) -> tuple[Cluster, ...]:
    """Clusters of two or more members, sorted by id; links from one cluster to another are in neither."""
    links, judgements = sorted(set(links)), list(judgements)
    families = _ClusterBuilder(links, judgements)
    families.join_supported()
    families.join_judged_same()
    inside: dict[Digest, list[MediaLink]] = {}
    for link in links:
        if families.of[link.a] == families.of[link.b]:
            inside.setdefault(families.of[link.a], []).append(link)
    clusters = (
        Cluster(cluster_id(members), tuple(sorted(members)), tuple(inside.get(name, ())))
        for name, members in families.members.items()
        if len(members) > 1
    )
    return tuple(sorted(clusters, key=lambda cluster: cluster.id))


@dataclass(frozen=True, slots=True)
class _LinkCount:
    """Linked pairs between two families, and for these the sum of the shares of neighbours that both ends have.

    Shares in whole millionths: a sum of floating numbers would depend on the order of joining.
    """

    linked: int
    common: int


PARTS = 1_000_000
NOTHING = _LinkCount(0, 0)


class _ClusterBuilder:
    """Members of each family (named by one member) and what links lie between any two families."""

    def __init__(self, links: list[MediaLink], judgements: list[Judgement]) -> None:
        pairs = [(link.a, link.b) for link in links] + [(verdict.a, verdict.b) for verdict in judgements]
        files = {file for pair in pairs for file in pair}
        self.of = {file: file for file in files}
        self.members = {file: {file} for file in files}
        self.linked: dict[Digest, dict[Digest, _LinkCount]] = {file: {} for file in files}
        self.apart: dict[Digest, set[Digest]] = {file: set() for file in files}
        self.same = [judgement for judgement in judgements if judgement.same]
        distinct_pairs = {(judgement.a, judgement.b) for judgement in judgements if not judgement.same}
        for a, b in distinct_pairs:
            self.apart[a].add(b)
            self.apart[b].add(a)
        known: dict[Digest, set[Digest]] = {file: {file} for file in files}
        for link in links:
            known[link.a].add(link.b)
            known[link.b].add(link.a)
        for a, b in {(link.a, link.b) for link in links}:
            common = PARTS * len(known[a] & known[b]) // len(known[a] | known[b])
            self.linked[a][b] = self.linked[b][a] = _LinkCount(1, common)

    def join_judged_same(self) -> None:
        """Join the whole families of two files that a person called the same."""
        for judgement in sorted(self.same, key=lambda pair: (pair.a, pair.b)):
            a, b = self.of[judgement.a], self.of[judgement.b]
            if a != b and b not in self.apart[a]:
                self._join(a, b)

    def join_supported(self) -> None:
        """Join the best supported pair of families again and again; ties go to the smaller names."""
        waiting = [self._candidate(a, b) for a in self.linked for b in self.linked[a] if a < b]
        heapq.heapify(waiting)
        while waiting:
            candidate = heapq.heappop(waiting)
            *_, a, b = candidate
            if a not in self.members or b not in self.members or candidate != self._candidate(a, b):
                continue  # one of them has grown since: its newer candidates are waiting, too
            if b in self.apart[a] or -candidate[0] < SUPPORT:
                continue
            joined = self._join(a, b)
            for other in self.linked[joined]:
                heapq.heappush(waiting, self._candidate(*sorted((joined, other))))

    def _candidate(self, a: Digest, b: Digest) -> tuple[float, float, int, Digest, Digest]:
        pairs, between = len(self.members[a]) * len(self.members[b]), self.linked[a][b]
        return -between.linked / pairs, -between.common / pairs, pairs, a, b

    def _join(self, a: Digest, b: Digest) -> Digest:
        """Move the smaller family into the larger one; returns the name that stays."""
        if (len(self.members[a]), b) < (len(self.members[b]), a):
            a, b = b, a
        for file in self.members[b]:
            self.of[file] = a
        self.members[a] |= self.members.pop(b)
        for other, count in self.linked.pop(b).items():
            del self.linked[other][b]
            if other != a:
                before = self.linked[a].get(other, NOTHING)
                both = _LinkCount(before.linked + count.linked, before.common + count.common)
                self.linked[a][other] = self.linked[other][a] = both
        for other in self.apart.pop(b):
            self.apart[other].discard(b)
            self.apart[other].add(a)
            self.apart[a].add(other)
        return a
