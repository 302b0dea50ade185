"""Freezes a choice: numbers are given, and checkpoint, tokens and software are named, so that it is built again.

In: an archive, a `Choice`, the recipient, who hands over. Out: a `FrozenSelection`. Guaranteed: numbers
are given last, when the store has answered and there is room for the selection, so that what fails gives none;
exhibits stand in the order of their numbers. Raises `ChoiceRefusedError` and `StoreAwayError`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from sqlalchemy import Connection
from ulid import ULID

from pipeline.crawl.warcinfo import tree_digest
from pipeline.handover.choosing import NOTHING_DISCLOSED, Choice, ChoiceRefusedError, preview, recipients_words
from pipeline.handover.package_errors import StoreAwayError
from pipeline.handover.selection import (
    LANGUAGE,
    DisclosureLevel,
    Exhibit,
    FrozenSelection,
    FrozenSoftware,
    Recipient,
)
from pipeline.validation.release_report import keep_report
from pipeline.validation.validation_report import ValidationReport
from processors.digest import Digest
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_by_ids
from storage.deposit.renewals import renewal_objects
from storage.deposit.revocations import answers_for
from storage.ledger.exhibits import ExhibitSubject, number_exhibits
from storage.log.checkpoints import SignedCheckpoint, all_in_ledger, newest_in_ledger
from storage.log.deliveries import CheckpointDelivery, deliveries
from storage.objects.errors import StoreUnreachableError
from storage.objects.keys import custody_key, root_key
from storage.queries.neighbours import tokens_over

NOT_YET: Final = "LTP-0000-000000"
"""As long as a number, and never given."""


def _no_reservation(_: int) -> None:
    """Nobody keeps the selection."""


def recipient_of(name: str, level: str | None, request: str | None, language: str) -> Recipient:
    """The recipient as they were named; raises `ChoiceRefusedError`."""
    if not name.strip() or not name.isprintable():
        raise ChoiceRefusedError(
            f"The recipient: expected a name on one line, found {name!r}. {NOTHING_DISCLOSED}"
        )
    if level is None or level not in set(DisclosureLevel):
        raise ChoiceRefusedError(
            f"{name.strip()} has no level: expected one of {', '.join(DisclosureLevel)}, found {level or 'none'}. "
            f"Say which of them they are. {NOTHING_DISCLOSED}"
        )
    if LANGUAGE.fullmatch(language) is None:
        raise ChoiceRefusedError(
            f"The recipient's language: expected a code such as en or uk, found {language!r}. {NOTHING_DISCLOSED}"
        )
    wanted = (request or "").strip() or None
    return Recipient(name.strip(), DisclosureLevel(level), wanted, language)


def freeze(
    archive: Archive,
    choice: Choice,
    recipient: Recipient,
    *,
    viewer: Viewer,
    opened: Sequence[str] = (),
    supplement_of: str | None = None,
    validation_report: ValidationReport | None = None,
    reserve: Callable[[int], None] = _no_reservation,
) -> FrozenSelection:
    """The frozen selection; exhibits without a number get the next ones, the store keeps the release's report.

    ``reserve`` is called with the bytes of its JSON before any number is given, and raises where there is no room.
    """
    seen = preview(archive, choice, recipient.level, viewer=viewer)
    seen.require_whole()
    report = _kept_by_store(archive, validation_report)
    exhibits = [
        Exhibit(
            number=NOT_YET,
            kind=each.draft.kind,
            subject_id=each.draft.subject_id,
            title=each.draft.title,
            record_ids=each.draft.record_ids,
            captures=each.draft.captures,
            media=each.draft.media,
        )
        for each in seen.exhibits
    ]
    with archive.reader.connect() as connection:
        checkpoint, tokens = _proofs(connection, exhibits)
    drafted = FrozenSelection(
        package_id=str(ULID()),
        frozen_at=datetime.now(UTC),
        recipient=recipient,
        query=choice.as_query(),
        exhibits=tuple(exhibits),
        left_out=tuple(dict.fromkeys(recipients_words(each) for each in seen.left_out)),
        checkpoint=None if checkpoint is None else checkpoint.checkpoint,
        software=FrozenSoftware("letapis", version("letapis"), str(tree_digest())),
        opened=tuple(opened),
        tokens=tokens,
        supplement_of=supplement_of,
        validation_report=report,
    )
    reserve(len(drafted.to_json()))
    return _numbered(archive, drafted, viewer)


def _kept_by_store(archive: Archive, report: ValidationReport | None) -> Digest | None:
    """The digest of the report, which the store has now; without one it is seen that the store answers."""
    try:
        if report is not None:
            return keep_report(archive, report)
        archive.objects.head(custody_key(1))
    except StoreUnreachableError as away:
        raise StoreAwayError(
            "The selection",
            away,
            "Nothing was frozen, no exhibit got a number, and nothing was disclosed.",
            "freeze it again.",
        ) from away
    return None


def _numbered(archive: Archive, drafted: FrozenSelection, viewer: Viewer) -> FrozenSelection:
    subjects = [ExhibitSubject(each.kind, each.subject_id) for each in drafted.exhibits]
    numbers = number_exhibits(archive, subjects, actor=viewer.name)
    exhibits = [replace(each, number=numbers[each.subject_id].number) for each in drafted.exhibits]
    return replace(drafted, exhibits=tuple(sorted(exhibits, key=lambda each: each.number)))


def _proofs(
    connection: Connection, exhibits: Sequence[Exhibit]
) -> tuple[SignedCheckpoint | None, tuple[str, ...]]:
    """The checkpoint to prove to, and the keys of the tokens and proofs that there are for it and the files."""
    ids = {capture.capture_id for each in exhibits for capture in each.captures}
    keys = {each.warc_key for each in captures_by_ids(connection, ids).values()}
    newest, stamps = tokens_over(connection, keys)
    checkpoint = _checkpoint(connection, newest)
    receipts: tuple[CheckpointDelivery, ...] = ()
    if checkpoint is not None:
        receipts = deliveries(connection, size=checkpoint.size)
    roots = [Digest.parse(each.details["roots"]) for each in stamps]
    tokens = {each.proof_key for each in receipts}
    tokens |= {each.subject_id for each in stamps} | {root_key(each) for each in roots}
    tokens |= renewal_objects(connection, tokens)
    stamped = [(each.details["authority"], datetime.fromisoformat(each.details["time"])) for each in stamps]
    stamped += [(each.outlet, each.at) for each in receipts]
    tokens |= answers_for(connection, stamped)
    return checkpoint, tuple(sorted(tokens))


def _checkpoint(connection: Connection, newest: int) -> SignedCheckpoint | None:
    """The newest checkpoint over all of it that a witness has confirmed, else the newest of all."""
    covering = all_in_ledger(connection, after=newest - 1)
    for each in reversed(covering):
        if any(given.is_witnessed for given in deliveries(connection, size=each.size)):
            return each
    return newest_in_ledger(connection)
