"""Renews locks; each renewal is recorded in custody, since in compliance mode nobody can undo it.

In: an archive, one of its stores and the chain read from it, which entries' objects, before when no lock may end.
Out: `Renewal`. A lock is extended, never shortened. Renewed locks are recorded in entries ``lock_renewed``, with
their new end; a run that was killed before such an entry has only made locks longer than custody says. A refusal
by the store is returned and does not stop the renewal of other objects. Raises `storage.objects.errors` where a
store as a whole is unavailable.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain as chain_of
from itertools import islice
from typing import Final

from crawlers.model.iso_time import time_text
from storage.archive import Archive
from storage.deposit.replication import named_objects
from storage.ledger.chain import Chain
from storage.ledger.custody import append_and_publish
from storage.ledger.entry import LONGEST_BYTES
from storage.ledger.file_custody import DEPOSITED, PURGED, files_in_custody
from storage.ledger.retention import RENEWED
from storage.log.stored_objects import lasting_objects
from storage.objects.errors import StoreError
from storage.objects.find_version import find_version
from storage.objects.keys import custody_key
from storage.objects.parallel import map_bounded
from storage.objects.store import ObjectStore

SUBJECT: Final = "archive"
AT_ONCE: Final = 500
"""Objects that are locked before they are entered."""
NAMED_BYTES: Final = LONGEST_BYTES - 8192
"""Bytes of JSON by which one entry names objects; there is room for everything else that it says."""
WORTH_IT: Final = timedelta(hours=1)
"""A lock that would become longer by less is left as it is."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """How many locks were renewed in one store, until when, and why others were not."""

    store: str
    until: datetime
    renewed: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Version:
    """One object version."""

    key: str
    version_id: str


def renew_locks(
    archive: Archive, store: ObjectStore, chain: Chain, seqs: Collection[int], *, before: datetime, actor: str
) -> Renewal:
    """Renew the locks of the objects that the entries ``seqs`` name, of every entry and its sealed objects, and of
    the log, that end ``before``.
    """
    until = (datetime.now(UTC) + timedelta(days=store.lock_days)).replace(microsecond=0)
    renewed = 0
    problems: list[str] = []
    ending = _ending(store, chain, seqs, min(before, until - WORTH_IT))
    while batch := list(islice(ending, AT_ONCE)):
        done: list[dict[str, str]] = []
        for version, problem in map_bounded(lambda each: (each, _relock(store, each, until)), batch):
            if problem is None:
                done.append({"key": version.key, "object_version": version.version_id})
            else:
                problems.append(problem)
        for named in _that_fit(done):
            details = {"store": store.name, "locked_until": time_text(until), "objects": named}
            append_and_publish(archive, RENEWED, subject_id=SUBJECT, actor=actor, details=details)
            renewed += len(named)
    return Renewal(store.name, until, renewed, tuple(problems))


def _ending(store: ObjectStore, chain: Chain, seqs: Collection[int], before: datetime) -> Iterator[_Version]:
    """Existing locks that end before, each once: many tokens share one file of roots."""
    for chained in chain.entries:
        if chained.locked_until is None or chained.locked_until < before:
            yield _Version(custody_key(chained.entry.seq), chained.version_id)
        for sealed in chained.sealed:
            if sealed.locked_until is None or sealed.locked_until < before:
                yield _Version(sealed.key, sealed.version_id)
    newest = {file.newest.seq for file in files_in_custody(chained.entry for chained in chain.entries).values()}
    named = {
        (each.key, each.sha256): each
        for chained in chain.entries
        if chained.entry.seq in seqs
        and (chained.entry.event not in (DEPOSITED, PURGED) or chained.entry.seq in newest)
        for each in named_objects(chained.entry)
    }
    heads = map_bounded(lambda each: find_version(store, each.key, each.version_id, each.sha256), named.values())
    of_log = map_bounded(lambda each: store.head(each.key, each.version_id), lasting_objects(store))
    for head in chain_of(heads, of_log):
        if head is not None and not head.is_locked_until(before):
            yield _Version(head.key, head.version_id)


def _that_fit(done: Sequence[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """The same in order, as many at a time as one entry may name."""
    named: list[dict[str, str]] = []
    length = 0
    for each in done:
        adds = len(json.dumps(each, ensure_ascii=False).encode())
        if named and length + adds > NAMED_BYTES:
            yield named
            named, length = [], 0
        named.append(each)
        length += adds
    if named:
        yield named


def _relock(store: ObjectStore, version: _Version, until: datetime) -> str | None:
    """Lock one version until then; returns why that failed, None if it succeeded."""
    try:
        store.relock(version.key, version.version_id, until)
    except StoreError as problem:
        store.require_fit()  # a store that is away raises; else it is this object alone
        return str(problem)
    return None
