"""Renews time tokens before the certificates or the algorithms behind them end (RFC 4998).

In: `Settings`, an archive, the moment that is now. Out: `RenewalReport`. Many tokens get one new token together,
by a hash tree. A token is renewed by the algorithm of its record; where that one ends itself, by the next one,
over the thing and all tokens so far. Nothing is raised when an authority does not answer or a record does not
check: the report says so and the next run tries again. What ended before anybody renewed it is named, and left
as it is: a later token would prove nothing about it. Errors of the store and the database are raised.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crawlers.model.iso_time import time_text
from pipeline.config.outlet_file import DeclaredTimeAuthority, read_outlet_file
from pipeline.config.settings import Settings
from pipeline.preserve.time_authority import (
    AuthorityUnavailableError,
    TimeAuthority,
    request_token,
    time_authorities,
)
from processors.digest import Digest, sha256
from processors.rfc3161.cms import content_info
from processors.rfc3161.lifetime import TokenLifetime, lifetime_of
from processors.rfc3161.token import TokenRefusedError, read_token, root_of, time_query
from processors.rfc4998.evidence_record import (
    ArchiveTimeStamp,
    CheckedStamp,
    EvidenceRecord,
    EvidenceRecordError,
    check_evidence_record,
    first_record,
    read_evidence_record,
)
from processors.rfc4998.hash_tree import hash_tree
from storage.archive import Archive
from storage.deposit.renewals import (
    RenewableToken,
    RenewedRecord,
    renewable_tokens,
    stamped_content,
    store_renewal,
)
from storage.deposit.timestamps import exclusive
from storage.ledger.entry import CustodyEntry
from storage.objects.errors import ObjectMissingError
from storage.objects.keys import evidence_record_key, root_key

DIGESTS: Final = ("sha256", "sha512")
"""Those that records use, the one that is asked for first in front."""
MOST_IN_A_TREE: Final = 100
"""An entry names them all, and has at most 64 KiB."""
NO_TIME_AUTHORITY: Final = "no time authority is configured that could give a newer one (LETAPIS_TIME_AUTHORITIES)"

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EndedToken:
    """A token that nothing renewed before it ended; ``because`` names the certificate or the algorithm."""

    key: str
    ended_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class RenewalReport:
    """The result of one run: entries ``time_renewed``, tokens that are due and were not renewed, and why."""

    renewed: tuple[CustodyEntry, ...]
    due: tuple[str, ...]
    ended: tuple[EndedToken, ...]
    problems: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """The report as lines for a person."""
        return (
            *map(describe_renewal, self.renewed),
            *map(describe_ended, self.ended),
            *(f"Time tokens, {len(self.due)} due and not renewed: {each}" for each in self.problems),
        )


@dataclass(frozen=True, slots=True)
class _Due:
    """A token to be renewed by ``algorithm`` before ``ends``."""

    token: RenewableToken
    ends: datetime
    algorithm: str


@dataclass(frozen=True, slots=True)
class _Opened:
    """A token whose record was read and holds, what it is about, and the certificates of each of its tokens."""

    due: _Due
    record: EvidenceRecord
    about: bytes
    roots: tuple[bytes, ...]


def renew_timestamps(
    settings: Settings,
    archive: Archive,
    *,
    at: datetime | None = None,
    actor: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> RenewalReport:
    """Renew every token that ends within the days of the settings, as seen ``at`` a moment (by default now)."""
    now = at or datetime.now(UTC)
    run = _Run(settings, archive, now, actor or settings.collector)
    with exclusive(archive) as mine:
        report = run.report() if mine else RenewalReport((), (), (), ())
    for sentence in report.sentences():
        on_progress(sentence)
    return report


class _Run:
    """One run, and what it has found out so far."""

    def __init__(self, settings: Settings, archive: Archive, now: datetime, actor: str) -> None:
        self._settings, self._archive, self._now, self._actor = settings, archive, now, actor
        self._authorities = time_authorities(settings)
        self._outlets = roots_of_outlets(settings)
        self._problems: list[str] = []

    def report(self) -> RenewalReport:
        with self._archive.reader.connect() as connection:
            tokens = [*renewable_tokens(connection)]
        due: list[_Due] = []
        ended: list[EndedToken] = []
        for token in tokens:
            found = self._judged(token)
            if isinstance(found, EndedToken):
                ended.append(found)
            elif found is not None:
                due.append(found)
        renewed: list[CustodyEntry] = []
        left: list[str] = []
        by_algorithm: dict[str, list[_Due]] = defaultdict(list)
        for each in due:
            by_algorithm[each.algorithm].append(each)
        for algorithm, some in by_algorithm.items():
            for first in range(0, len(some), MOST_IN_A_TREE):
                batch = some[first : first + MOST_IN_A_TREE]
                entries = [*self._renew(batch, algorithm)]
                renewed += entries
                done = {row["token"] for entry in entries for row in entry.details["records"]}
                left += [each.token.key for each in batch if each.token.key not in done]
        return RenewalReport(tuple(renewed), tuple(left), tuple(ended), tuple(dict.fromkeys(self._problems)))

    def _judged(self, token: RenewableToken) -> _Due | EndedToken | None:
        """Whether a token is due, has ended, or neither."""
        until: datetime | None
        if token.renewals:
            details = token.renewals[-1].details
            until, names, chain = (
                datetime.fromisoformat(details["valid_until"]),
                details["algorithms"],
                details["algorithm"],
            )
        else:
            until, names, chain = token.valid_until, token.algorithms, DIGESTS[0]
        if until is None or not names:
            try:
                lifetime = self._lifetime(token)
            except (TokenRefusedError, ObjectMissingError) as problem:
                self._problems.append(f"{token.key}: {problem}")
                return None
            until, names = lifetime.valid_until, lifetime.algorithms
        ends, because = _end(until, names, self._settings.algorithms_until)
        if ends <= self._now:
            return EndedToken(token.key, ends, because)
        horizon = self._now + timedelta(days=self._settings.renew_time_days)
        if ends > horizon:
            return None
        algorithm = next(
            (
                each
                for each in DIGESTS[DIGESTS.index(chain) :]
                if self._settings.algorithms_until.get(each, datetime.max.replace(tzinfo=UTC)) > horizon
            ),
            None,
        )
        if algorithm is None:
            self._problems.append(f"{token.key}: no digest algorithm after {chain} is known that lasts longer")
            return None
        return _Due(token, ends, algorithm)

    def _lifetime(self, token: RenewableToken) -> TokenLifetime:
        return lifetime_of(self._archive.objects.read(token.key, token.version_id), self._first_roots(token))

    def _first_roots(self, token: RenewableToken) -> bytes:
        """The certificates that the first token must lead to."""
        digest = token.roots if token.record is None else Digest.parse(token.record["token_roots"])
        if digest is not None:
            return self._stored_roots(digest)
        roots = self._outlets.get(token.authority)
        if roots is not None:
            return roots
        with self._archive.reader.connect() as connection:
            about = stamped_content(connection, token)
        answer = self._archive.objects.read(token.key, token.version_id)
        return root_of(answer, imprint=sha256(about), roots=TimeAuthority("", None).roots())

    def _stored_roots(self, digest: Digest) -> bytes:
        key = root_key(digest)
        head = self._archive.objects.head(key)
        if head is None:
            raise ObjectMissingError(key, "")
        return self._archive.objects.read(key, head.version_id)

    def _renew(self, batch: Sequence[_Due], algorithm: str) -> Iterator[CustodyEntry]:
        opened = []
        for each in batch:
            try:
                found = self._opened(each)
                taken_up = self._stored_before(found)
            except (EvidenceRecordError, TokenRefusedError, ObjectMissingError, LookupError) as problem:
                self._problems.append(f"{each.token.key}: {problem}")
                continue
            if taken_up is None:
                opened.append(found)
            else:
                yield taken_up
        if not opened:
            return
        tree = hash_tree([each.record.to_be_stamped(each.about, algorithm) for each in opened], algorithm)
        asked = self._ask(tree.stamped, algorithm, max(each.due.ends for each in opened))
        if asked is None:
            return
        authority, answer, roots, checked = asked
        records = [
            RenewedRecord(
                each.due.token,
                each.record.renewed(ArchiveTimeStamp(algorithm, reduced, content_info(answer))).encoded(),
                each.roots[0],
            )
            for each, reduced in zip(opened, tree.reduced, strict=True)
        ]
        for held, renewed in zip(opened, records, strict=True):
            # what is stored is what anybody else can check: read back and held against the thing itself
            check_evidence_record(read_evidence_record(renewed.content), held.about, (*held.roots, roots))
        yield store_renewal(self._archive, records, checked, roots, authority, actor=self._actor)

    def _opened(self, due: _Due) -> _Opened:
        token = due.token
        roots = (
            self._first_roots(token),
            *(self._stored_roots(Digest.parse(each.details["roots"])) for each in token.renewals),
        )
        with self._archive.reader.connect() as connection:
            about = stamped_content(connection, token)
        row = token.record
        if row is None:
            record = first_record(self._archive.objects.read(token.key, token.version_id))
        else:
            record = read_evidence_record(self._archive.objects.read(row["key"], row["object_version"]))
        check_evidence_record(record, about, roots)
        return _Opened(due, record, about, roots)

    def _stored_before(self, opened: _Opened) -> CustodyEntry | None:
        """Enter the record that a run before stored and, dying, could not enter into custody."""
        token = opened.due.token
        key = evidence_record_key(token.key, token.next_number)
        head = self._archive.objects.head(key)
        if head is None:
            return None
        content = self._archive.objects.read(key, head.version_id)
        record = read_evidence_record(content)
        for authority in self._authorities:
            roots = authority.roots()
            try:
                checked = check_evidence_record(record, opened.about, (*opened.roots, roots))
            except (EvidenceRecordError, TokenRefusedError):
                continue
            renewed = RenewedRecord(token, content, opened.roots[0])
            return store_renewal(self._archive, [renewed], checked[-1], roots, authority.url, actor=self._actor)
        raise EvidenceRecordError(
            key, "a record by a configured authority", "another one, which custody does not know"
        )

    def _ask(
        self, stamped: bytes, algorithm: str, ends: datetime
    ) -> tuple[str, bytes, bytes, CheckedStamp] | None:
        """A token of the first authority that gives one which lasts longer."""
        if not self._authorities:
            self._problems.append(NO_TIME_AUTHORITY)
        imprint = Digest(algorithm, hashlib.new(algorithm, stamped).digest())
        for authority in self._authorities:
            query = time_query(stamped, algorithm)
            try:
                answer = request_token(authority, query.content, user_agent=self._settings.user_agent)
                roots = authority.roots()
                if authority.pinned is None:
                    roots = root_of(answer, imprint=imprint, roots=roots, nonce=query.nonce)
                token = read_token(answer, imprint=imprint, trusted=roots, nonce=query.nonce)
                lifetime = lifetime_of(answer, roots)
            except (AuthorityUnavailableError, TokenRefusedError) as problem:
                self._problems.append(str(problem))
                continue
            lasts, because = _end(lifetime.valid_until, lifetime.algorithms, self._settings.algorithms_until)
            if lasts > ends:
                return authority.url, answer, roots, CheckedStamp(token, lifetime)
            self._problems.append(
                f"{authority.url}: expected a token that lasts beyond {ends:%Y-%m-%d}, found one until "
                f"{lasts:%Y-%m-%d} ({because})"
            )
        return None


def _end(until: datetime, names: Sequence[str], algorithms_until: Mapping[str, datetime]) -> tuple[datetime, str]:
    """When a token ends by itself, and by what."""
    ends = [
        (until, "a certificate"),
        *((algorithms_until[name], name) for name in names if name in algorithms_until),
    ]
    return min(ends)


def roots_of_outlets(settings: Settings) -> dict[str, bytes]:
    """The certificates of time authorities among the outlets, by name; not of those that may lead anywhere."""
    declared = () if settings.outlets is None else read_outlet_file(settings.outlets)
    return {
        each.name: each.roots.read_bytes()
        for each in declared
        if isinstance(each, DeclaredTimeAuthority) and each.roots is not None
    }


def describe_renewal(entry: CustodyEntry) -> str:
    """One renewal as a line."""
    details = entry.details
    return (
        f"Time tokens renewed: {details['authority']} confirms {len(details['records'])} of them at "
        f"{details['time']}, until {details['valid_until'][:10]}."
    )


def describe_ended(ended: EndedToken) -> str:
    """One token that nobody renewed as a line."""
    return (
        f"Time token {ended.key} ended on {ended.ended_at:%Y-%m-%d} ({ended.because}), and nothing renewed it "
        "before: by itself it proves nothing any more."
    )


def renewal_rows(report: RenewalReport) -> Iterator[dict[str, Any]]:
    """JSON-ready rows of kind ``time_renewal``: what was renewed, is due, or ended before anybody renewed it."""
    for entry in report.renewed:
        for row in entry.details["records"]:
            yield {
                "kind": "time_renewal",
                "state": "renewed",
                "token": row["token"],
                "key": row["key"],
                "authority": entry.details["authority"],
                "time": entry.details["time"],
                "until": entry.details["valid_until"],
                "sentence": f"{row['token']}: renewed, by {row['key']}, until {entry.details['valid_until'][:10]}",
            }
    ended = ((each.key, "ended", time_text(each.ended_at), describe_ended(each)) for each in report.ended)
    due = ((key, "due", None, f"{key}: due, and not renewed") for key in report.due)
    for key, state, until, sentence in (*ended, *due):
        yield {
            "kind": "time_renewal",
            "state": state,
            "token": key,
            "key": None,
            "authority": None,
            "time": None,
            "until": until,
            "sentence": sentence,
        }
