"""Freezes a choice: numbers are given, and checkpoint, tokens and software are named, so that it is built again.

In: an archive, a `Choice`, the recipient, who hands over. Out: a `FrozenSelection`. Guaranteed: nothing is
numbered where anything of the choice prevents the hand-over; exhibits stand in the order of their numbers. Raises
`ChoiceRefusedError`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import Connection
from ulid import ULID

from pipeline.crawl.warcinfo import tree_digest
from pipeline.handover.choosing import NOTHING_DISCLOSED, Choice, ChoiceRefusedError, preview, recipients_words
from pipeline.handover.selection import (
    LANGUAGE,
    DisclosureLevel,
    Exhibit,
    FrozenSelection,
    FrozenSoftware,
    Recipient,
)
from processors.digest import Digest
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_by_ids
from storage.ledger.exhibits import ExhibitSubject, number_exhibits
from storage.log.checkpoints import SignedCheckpoint, all_in_ledger, newest_in_ledger
from storage.log.deliveries import CheckpointDelivery, deliveries
from storage.objects.keys import root_key
from storage.queries.neighbours import tokens_over


def recipient_of(name: str, level: str | None, request: str | None, language: str) -> Recipient:
    """The recipient as they were named; raises `ChoiceRefusedError`."""
    if not name.strip() or not name.isprintable():
        raise ChoiceRefusedError(
            f"The recipient: expected a name on one line, found {name!r}. {NOTHING_DISCLOSED}"
        )
    if level is None or level not in set(DisclosureLevel):
        raise ChoiceRefusedError(
            f"{name.strip()} has no level: expected one of {', '.join(DisclosureLevel)}, found {level or 'none'}. "
            f"{NOTHING_DISCLOSED}"
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
) -> FrozenSelection:
    """The frozen selection; exhibits without a number get the next ones."""
    seen = preview(archive, choice, recipient.level, viewer=viewer)
    seen.require_whole()
    subjects = [ExhibitSubject(each.draft.kind, each.draft.subject_id) for each in seen.exhibits]
    numbers = number_exhibits(archive, subjects, actor=viewer.name)
    exhibits = [
        Exhibit(
            number=numbers[each.draft.subject_id].number,
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
    return FrozenSelection(
        package_id=str(ULID()),
        frozen_at=datetime.now(UTC).replace(microsecond=0),
        recipient=recipient,
        query=choice.as_query(),
        exhibits=tuple(sorted(exhibits, key=lambda each: each.number)),
        left_out=tuple(dict.fromkeys(recipients_words(each) for each in seen.left_out)),
        checkpoint=None if checkpoint is None else checkpoint.checkpoint,
        software=FrozenSoftware("letapis", version("letapis"), str(tree_digest())),
        opened=tuple(opened),
        tokens=tokens,
        supplement_of=supplement_of,
    )


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
    return checkpoint, tuple(sorted(tokens))


def _checkpoint(connection: Connection, newest: int) -> SignedCheckpoint | None:
    """The newest checkpoint over all of it that a witness has confirmed, else the newest of all."""
    covering = all_in_ledger(connection, after=newest - 1)
    for each in reversed(covering):
        if any(given.is_witnessed for given in deliveries(connection, size=each.size)):
            return each
    return newest_in_ledger(connection)
