"""Evidence records (RFC 4998) in DER: read, written, renewed, and checked against the thing that they are about.

In: time tokens as received, the thing itself, certificates as PEM. Out: `EvidenceRecord`, `TimeToken`s. Raises
`EvidenceRecordError`, which says what was expected and found. Guaranteed of a checked record: each token covers
the one before it and was asked for while that one's certificates were valid, and the first is about the thing.
Of the optional parts ``cryptoInfos`` and ``encryptionInfo`` none is written, and a record with them is refused.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from processors.digest import Digest
from processors.rfc3161.cms import as_response, content_info
from processors.rfc3161.der import (
    CONTEXT_0,
    CONTEXT_2,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    children,
    element_at,
    encoded,
    inside,
    only,
)
from processors.rfc3161.lifetime import TokenLifetime, lifetime_of
from processors.rfc3161.signing_certificate import ALGORITHMS
from processors.rfc3161.token import TimeToken, TokenRefusedError, read_token
from processors.rfc4998.hash_tree import ReducedTree, root_over

VERSION: Final = encoded(INTEGER, b"\x01")
IDENTIFIERS: Final = {name: identifier for identifier, name in ALGORITHMS.items() if name in ("sha256", "sha512")}
"""Digests that records use, as object identifiers (DER content); parameters are absent (RFC 5754 section 2)."""


class EvidenceRecordError(Exception):
    """The record is none, or not about this; ``what`` names the part, beside what was expected and found."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class ArchiveTimeStamp:
    """A token (ContentInfo, DER), and how what it covers leads to its imprint by ``algorithm``."""

    algorithm: str
    tree: ReducedTree
    token: bytes

    def encoded(self) -> bytes:
        """As DER."""
        algorithm = encoded(CONTEXT_0, encoded(OBJECT_IDENTIFIER, IDENTIFIERS[self.algorithm]))
        lists = [encoded(SEQUENCE, *(encoded(OCTET_STRING, each) for each in hashes)) for hashes in self.tree]
        return encoded(SEQUENCE, algorithm, encoded(CONTEXT_2, *lists) if lists else b"", self.token)


ArchiveTimeStampChain = tuple[ArchiveTimeStamp, ...]
"""Tokens by one digest algorithm, each over the one before."""


@dataclass(frozen=True, slots=True)
class CheckedStamp:
    """One token of a record, and how long its certificates are valid."""

    token: TimeToken
    lifetime: TokenLifetime


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """Chains in the order of time: a new one begins where the digest algorithm is another."""

    chains: tuple[ArchiveTimeStampChain, ...]

    @property
    def stamps(self) -> tuple[ArchiveTimeStamp, ...]:
        """Every token, the oldest first."""
        return tuple(stamp for chain in self.chains for stamp in chain)

    @property
    def algorithm(self) -> str:
        """The digest algorithm of the newest chain."""
        return self.chains[-1][0].algorithm

    def encoded(self) -> bytes:
        """As DER."""
        algorithms = dict.fromkeys(stamp.algorithm for stamp in self.stamps)
        listed = [encoded(SEQUENCE, encoded(OBJECT_IDENTIFIER, IDENTIFIERS[each])) for each in algorithms]
        return encoded(SEQUENCE, VERSION, encoded(SEQUENCE, *listed), _sequence(self.chains))

    def renewed(self, stamp: ArchiveTimeStamp) -> "EvidenceRecord":
        """The record with one more token: in the newest chain, or in a new one where its algorithm is another."""
        if stamp.algorithm == self.algorithm:
            return EvidenceRecord((*self.chains[:-1], (*self.chains[-1], stamp)))
        return EvidenceRecord((*self.chains, (stamp,)))

    def to_be_stamped(self, about: bytes, algorithm: str) -> bytes:
        """The bytes that a further token by this algorithm has to cover; ``about`` is the thing itself.

        By the algorithm of the newest chain these are its last token (section 5.2, time-stamp renewal); by
        another one the digests of the thing and of all chains so far (hash-tree renewal).
        """
        if algorithm == self.algorithm:
            return self.chains[-1][-1].token
        return _over_chains(about, self.chains, algorithm)


def first_record(answer: bytes) -> EvidenceRecord:
    """The record of a token that was never renewed, by the response in which it came."""
    try:
        return EvidenceRecord(((ArchiveTimeStamp("sha256", (), content_info(answer)),),))
    except (IndexError, ValueError) as problem:
        raise EvidenceRecordError("time token", "a response that holds one", str(problem)) from problem


def read_evidence_record(content: bytes) -> EvidenceRecord:
    """Read DER; raises `EvidenceRecordError`."""
    try:
        whole = element_at(content, 0, len(content))
        version, _, *optional, sequence = children(content, whole)
        if whole.end != len(content) or content[version.start : version.end] != VERSION or optional:
            raise ValueError("another version, parts that we do not write, or bytes behind its end")
        record = EvidenceRecord(tuple(_chain(content, each) for each in children(content, sequence)))
        if not record.chains or not all(record.chains) or record.encoded() != content:
            raise ValueError("chains without a token, or another form than DER")
    except (IndexError, ValueError) as problem:
        raise EvidenceRecordError("evidence record", "one after RFC 4998", str(problem)) from problem
    return record


def check_evidence_record(
    record: EvidenceRecord, about: bytes, roots: Sequence[bytes]
) -> tuple[CheckedStamp, ...]:
    """Check every token against its own ``roots`` (PEM, one for each token) and against the one before it."""
    if len(roots) != len(record.stamps):
        raise EvidenceRecordError("certificates", f"those of {len(record.stamps)} tokens", str(len(roots)))
    checked: list[CheckedStamp] = []
    for place, chain in enumerate(record.chains):
        algorithm = chain[0].algorithm
        covered = _over_chains(about, record.chains[:place], algorithm) if place else about
        for stamp in chain:
            if stamp.algorithm != algorithm:
                raise EvidenceRecordError("algorithm of a chain", algorithm, stamp.algorithm)
            checked.append(_checked(stamp, covered, roots[len(checked)], checked, record))
            covered = stamp.token
    return tuple(checked)


def _checked(
    stamp: ArchiveTimeStamp,
    covered: bytes,
    roots: bytes,
    before: Sequence[CheckedStamp],
    record: EvidenceRecord,
) -> CheckedStamp:
    what = f"token {len(before) + 1} of {len(record.stamps)}"
    try:
        root = root_over(hashlib.new(stamp.algorithm, covered).digest(), stamp.tree, stamp.algorithm)
    except ValueError as problem:
        raise EvidenceRecordError(what, "one that covers what comes before it", str(problem)) from problem
    answer = as_response(stamp.token)
    try:
        token = read_token(answer, imprint=Digest(stamp.algorithm, root), trusted=roots)
        lifetime = lifetime_of(answer, roots)
    except TokenRefusedError as refused:
        raise EvidenceRecordError(f"{what}: {refused.what}", refused.expected, refused.found) from refused
    if before and not before[-1].token.at <= token.at <= before[-1].lifetime.valid_until:
        last = before[-1]
        expected = (
            f"from {_words(last.token.at)} to {_words(last.lifetime.valid_until)}, while the one before it held"
        )
        raise EvidenceRecordError(f"{what}: its time", expected, _words(token.at))
    return CheckedStamp(token, lifetime)


def _words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _over_chains(about: bytes, chains: Sequence[ArchiveTimeStampChain], algorithm: str) -> bytes:
    """Section 5.2, hash-tree renewal, steps 3 and 4."""
    return hashlib.new(algorithm, about).digest() + hashlib.new(algorithm, _sequence(chains)).digest()


def _sequence(chains: Sequence[ArchiveTimeStampChain]) -> bytes:
    """ArchiveTimeStampSequence."""
    return encoded(SEQUENCE, *(encoded(SEQUENCE, *(stamp.encoded() for stamp in chain)) for chain in chains))


def _chain(content: bytes, element: Element) -> ArchiveTimeStampChain:
    return tuple(_stamp(content, each) for each in children(content, element))


def _stamp(content: bytes, element: Element) -> ArchiveTimeStamp:
    parts = children(content, element)
    algorithm = ALGORITHMS.get(inside(content, only(content, parts[0], OBJECT_IDENTIFIER)))
    if parts[0].tag != CONTEXT_0 or algorithm not in IDENTIFIERS:
        raise ValueError("a digest algorithm other than sha256 and sha512")
    tree: ReducedTree = ()
    if len(parts) == 3 and parts[1].tag == CONTEXT_2:
        tree = tuple(
            tuple(inside(content, each) for each in children(content, hashes))
            for hashes in children(content, parts[1])
        )
    elif len(parts) != 2:
        raise ValueError("a token with parts that we do not write")
    return ArchiveTimeStamp(algorithm, tree, content[parts[-1].start : parts[-1].end])
