"""Asks whether certificates behind time tokens were revoked, while anybody can be asked, and keeps the answers.

In: `Settings`, an archive, the moment that is now. Out: `RevocationReport`. Each certificate on the way to the
root, but the root, is asked about after the newest token that rests on it: by OCSP where it names a responder,
else, or where that does not answer, by its revocation list. Answers are checked before they are stored. Nothing
of a responder is raised: it is in the report, and the next run asks again. Tokens older than 30 days are not
asked about any more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pipeline.config.settings import Settings
from pipeline.preserve.renew import roots_of_outlets
from pipeline.preserve.responder import ResponderUnavailableError, ask_responder
from pipeline.preserve.time_authority import TimeAuthority
from processors.digest import Digest, sha256
from processors.rfc3161.cms import as_response
from processors.rfc3161.lifetime import lifetime_of
from processors.rfc3161.revocation import (
    AnswerKind,
    RevocationRefusedError,
    RevocationStatus,
    ocsp_question,
    read_answer,
    responders,
)
from processors.rfc3161.token import TokenRefusedError
from processors.rfc4998.evidence_record import EvidenceRecordError, read_evidence_record
from storage.archive import Archive
from storage.deposit.revocations import (
    AnsweredCertificate,
    StampedAt,
    earlier_answers,
    stamped_since,
    store_answers,
)
from storage.ledger.entry import CustodyEntry
from storage.objects.errors import ObjectMissingError
from storage.objects.keys import EVIDENCE_RECORDS_PREFIX, root_key

WINDOW: Final = timedelta(days=30)

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RevocationReport:
    """The entry that tells of the answers, None where nothing was new; ``unanswered`` say who did not answer."""

    entry: CustodyEntry | None
    revoked: tuple[str, ...]
    unanswered: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """The report as lines for a person."""
        rows = [] if self.entry is None else self.entry.details["answers"]
        told = (
            f"Certificate of a time authority, {row['subject']}: {row['status']} ({row['url']})." for row in rows
        )
        return (*told, *self.revoked, *self.unanswered)


@dataclass(slots=True)
class _CertificateToCheck:
    """A certificate with its issuer's, the newest token that rests on it, and whose tokens these are."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    newest: datetime
    authorities: set[str] = field(default_factory=set)


def ask_revocation(
    settings: Settings,
    archive: Archive,
    *,
    at: datetime | None = None,
    actor: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> RevocationReport:
    """Ask about every certificate behind a token that is newer than the last answer about it."""
    now = at or datetime.now(UTC)
    unanswered: list[str] = []
    wanted: dict[Digest, _CertificateToCheck] = {}
    with archive.reader.connect() as connection:
        answered_at, unnamed = earlier_answers(connection)
        tokens = [*stamped_since(connection, datetime.now(UTC) - WINDOW)]
    for digest, found in _certificates(settings, archive, tokens, unanswered):
        known = wanted.setdefault(digest, found)
        known.newest = max(known.newest, found.newest)
        known.authorities |= found.authorities
    answers: list[AnsweredCertificate] = []
    without: list[tuple[Digest, str]] = []
    for digest, each in wanted.items():
        if digest in unnamed or (digest in answered_at and answered_at[digest] >= each.newest):
            continue
        if not responders(each.certificate):
            without.append((digest, each.certificate.subject.rfc4514_string()))
        elif (answer := _answer(settings, digest, each, now, unanswered)) is not None:
            answers.append(answer)
    entry = None
    if answers or without:
        entry = store_answers(archive, answers, without, at=now, actor=actor or settings.collector)
    revoked = tuple(
        f"The certificate {each.subject} of a time authority was revoked on {each.answer.revoked_at:%Y-%m-%d}, "
        f"says {each.url}: tokens after that moment prove nothing. Name another time authority."
        for each in answers
        if each.answer.status is RevocationStatus.REVOKED
    )
    report = RevocationReport(entry, revoked, tuple(dict.fromkeys(unanswered)))
    for sentence in report.sentences():
        on_progress(sentence)
    return report


def _certificates(
    settings: Settings, archive: Archive, tokens: list[StampedAt], problems: list[str]
) -> Iterator[tuple[Digest, _CertificateToCheck]]:
    outlets = roots_of_outlets(settings)
    for token in tokens:
        try:
            answer = archive.objects.read(token.key, token.version_id)
            if token.key.startswith(EVIDENCE_RECORDS_PREFIX):
                answer = as_response(read_evidence_record(answer).stamps[-1].token)
            lifetime = lifetime_of(answer, _roots(archive, token, outlets))
        except (TokenRefusedError, EvidenceRecordError, ObjectMissingError) as problem:
            problems.append(f"{token.key}: {problem}")
            continue
        for certificate, issuer in zip(lifetime.path, lifetime.path[1:], strict=False):
            digest = sha256(certificate.public_bytes(Encoding.DER))
            yield digest, _CertificateToCheck(certificate, issuer, token.at, {token.authority})


def _roots(archive: Archive, token: StampedAt, outlets: dict[str, bytes]) -> bytes:
    if token.roots is None:
        return outlets.get(token.authority) or TimeAuthority("", None).roots()
    key = root_key(token.roots)
    head = archive.objects.head(key)
    if head is None:
        raise ObjectMissingError(key, None)
    return archive.objects.read(key, head.version_id)


def _answer(
    settings: Settings, digest: Digest, wanted: _CertificateToCheck, now: datetime, problems: list[str]
) -> AnsweredCertificate | None:
    """What the first responder says that gives an answer which holds."""
    subject = wanted.certificate.subject.rfc4514_string()
    for responder in responders(wanted.certificate):
        question = ocsp_question(wanted.certificate, wanted.issuer) if responder.kind is AnswerKind.OCSP else None
        try:
            content = ask_responder(settings, responder.url, question)
            answer = read_answer(responder.kind, content, wanted.certificate, wanted.issuer, now=now)
        except (ResponderUnavailableError, RevocationRefusedError) as problem:
            problems.append(f"Certificate of a time authority, {subject}: {problem}")
            continue
        issuer = sha256(wanted.issuer.public_bytes(Encoding.DER))
        authorities = tuple(sorted(wanted.authorities))
        return AnsweredCertificate(digest, issuer, subject, authorities, responder.url, answer)
    return None
