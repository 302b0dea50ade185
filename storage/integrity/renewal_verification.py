"""Checks every renewed time token from the store alone: each token of its record, and how each covers the last.

In: the store, the chain read from it, what is expected of locks. Out: `Verified` per evidence record and per
answer about a certificate, and per object beside them that custody does not know. The newest record of a token
is checked whole, since it holds the older ones; of these, as of answers about revocation, digest and lock. Reads
only. Source: RFC 4998 section 5.3.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from processors.digest import Digest
from processors.rfc4998.evidence_record import EvidenceRecordError, check_evidence_record, read_evidence_record
from storage.deposit.renewals import renewals_by_token, row_of
from storage.deposit.replication import named_objects
from storage.deposit.timestamps import OBTAINED, REVOCATION_ASKED, TIME_RENEWED
from storage.findings import Mismatch, VerificationRemark, Verified, verified
from storage.integrity.timestamp_verification import UNDER_WAY, NamedVersion, ended_words, locked_object
from storage.ledger.chain import Chain
from storage.ledger.entry import CustodyEntry
from storage.ledger.retention import RetentionPolicy
from storage.objects.find_version import find_version
from storage.objects.keys import (
    EVIDENCE_RECORDS_PREFIX,
    REVOCATION_PREFIX,
    checkpoint_key,
    checkpoint_proof,
    root_key,
)
from storage.objects.parallel import map_bounded
from storage.objects.reader import StoreReader

Found = Iterator[Mismatch | VerificationRemark]
PREFIXES: Final = (EVIDENCE_RECORDS_PREFIX, REVOCATION_PREFIX)


def verify_renewals(objects: StoreReader, chain: Chain, locks: RetentionPolicy) -> Iterator[Verified]:
    """Every evidence record that custody names, then every answer about a certificate."""
    entries = [chained.entry for chained in chain.entries]
    stamped = _stamped(entries)

    def check(item: tuple[str, tuple[CustodyEntry, ...]]) -> list[Verified]:
        token, renewals = item
        return [
            verified(
                row_of(entry, token)["key"],
                _found(objects, token, renewals[: place + 1], locks, stamped, whole=entry is renewals[-1]),
            )
            for place, entry in enumerate(renewals)
        ]

    for found in map_bounded(check, sorted(renewals_by_token(entries).items())):
        yield from found
    for entry in entries:
        if entry.event == REVOCATION_ASKED:
            for row in entry.details["answers"]:
                yield verified(row["key"], _found_of_answer(objects, row, entry, locks))


def unexpected_renewals(objects: StoreReader, chain: Chain) -> Iterator[Verified]:
    """Objects among the evidence records and the answers about certificates that no custody entry names."""
    named = {
        (each.key, each.sha256): each
        for chained in chain.entries
        if chained.entry.event in (TIME_RENEWED, REVOCATION_ASKED)
        for each in named_objects(chained.entry)
        if each.key.startswith(PREFIXES)
    }
    heads = map_bounded(lambda each: find_version(objects, each.key, each.version_id, each.sha256), named.values())
    known = {(head.key, head.version_id) for head in heads if head}
    keys = {key for key, _ in known}
    settled_before = datetime.now(UTC) - UNDER_WAY
    for prefix in PREFIXES:
        for version in objects.list(prefix):
            beside = version.key in keys
            if (version.key, version.version_id) not in known and (beside or version.stored_at < settled_before):
                what = "delete marker" if version.delete_marker else "object version"
                yield Verified(version.key, (Mismatch(what, "none without custody", version.version_id),))


def _stamped(entries: Sequence[CustodyEntry]) -> dict[str, CustodyEntry]:
    """By the key of its token the entry that it is over."""
    by_seq = {entry.seq: entry for entry in entries}
    named = ((entry.subject_id, by_seq.get(entry.details["seq"])) for entry in entries if entry.event == OBTAINED)
    return {key: entry for key, entry in named if entry is not None}


def _found(
    objects: StoreReader,
    token: str,
    renewals: Sequence[CustodyEntry],
    locks: RetentionPolicy,
    stamped: Mapping[str, CustodyEntry],
    *,
    whole: bool,
) -> Found:
    newest = renewals[-1]
    row = row_of(newest, token)
    digest = Digest.parse(row["sha256"])
    named = NamedVersion(row["key"], row["object_version"], digest, newest.at)
    content = yield from locked_object(objects, "evidence record", named, locks)
    if not whole or content is None:
        return
    places = [(row["token_roots"], row["token_roots_version"])]
    places += [(each.details["roots"], each.details["root_version"]) for each in renewals]
    roots = []
    for text, version in places:
        at = NamedVersion(root_key(Digest.parse(text)), version, Digest.parse(text), newest.at)
        found = yield from locked_object(objects, "roots", at, locks)
        if found is None:
            return
        roots.append(found)
    about = _about(objects, token, stamped)
    if about is None:
        yield Mismatch("what the token is about", "an entry of custody, or a checkpoint", f"none for {token}")
        return
    try:
        checked = check_evidence_record(read_evidence_record(content), about, roots)
    except EvidenceRecordError as problem:
        yield Mismatch(problem.what, problem.expected, problem.found)
        return
    last = checked[-1]
    if last.token.at.isoformat() != newest.details["time"]:
        yield Mismatch("time in its newest token", str(newest.details["time"]), last.token.at.isoformat())
    if last.lifetime.valid_until <= locks.at:
        yield VerificationRemark(ended_words(last.lifetime.valid_until))


def _about(objects: StoreReader, token: str, stamped: Mapping[str, CustodyEntry]) -> bytes | None:
    """The bytes that the first token is about."""
    if token in stamped:
        return stamped[token].canonical()
    try:
        size, _ = checkpoint_proof(token)
    except ValueError:
        return None
    head = objects.head(checkpoint_key(size))
    return None if head is None else objects.read(head.key, head.version_id)


def _found_of_answer(
    objects: StoreReader, row: Mapping[str, Any], entry: CustodyEntry, locks: RetentionPolicy
) -> Found:
    named = NamedVersion(row["key"], row["object_version"], Digest.parse(row["sha256"]), entry.at)
    yield from locked_object(objects, "answer about a certificate", named, locks)
    if row["status"] == "revoked":
        yield VerificationRemark(
            f"the certificate {row['certificate']} of a time authority was revoked, said its issuer on "
            f"{row['this_update'][:10]}"
        )
