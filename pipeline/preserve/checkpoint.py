"""Signs the next checkpoint of the log and brings checkpoints to the outlets.

In: `Settings`, an archive. Out: `CheckpointReport`. A checkpoint is signed after each harvest and on-demand
request, and where the newest one is an hour old and entries were added (DAG `checkpoints`, which also delivers
what is pending). What keeps the log from signing, and what keeps an outlet from confirming, is reported and not
raised: whatever was collected is deposited all the same. Errors of the store and the database are raised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pipeline.config.log_signer import open_signer
from pipeline.config.outlet_file import OutletFileError
from pipeline.config.settings import Settings
from pipeline.preserve.outlets import configured_outlets
from storage.archive import Archive
from storage.log.checkpoints import SignedCheckpoint, log_keys, newest_in_ledger
from storage.log.deliveries import DeliveryReport, PendingDelivery, deliver_pending
from storage.log.key_file import LogKeyError
from storage.log.log_keys import NamedKey
from storage.log.lost_key import replace_lost_key
from storage.log.pkcs11_key import TokenKeyError
from storage.log.rotation import rotate_key
from storage.log.signing import LogRefusedError, sign_next_checkpoint
from storage.log.tree_reader import TileMissingError

EVERY: Final = timedelta(hours=1)
"""A checkpoint is signed by the clock where the newest one is older and entries were added."""
NO_KEY: Final = "no key of the log is here (LETAPIS_LOG_KEY), so no checkpoint is signed"

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """The result of one run: what was ``signed`` now, the ``newest`` there is, deliveries, and what kept it."""

    signed: SignedCheckpoint | None
    newest: SignedCheckpoint | None
    deliveries: DeliveryReport
    problem: str | None = None

    def failures(self) -> tuple[str, ...]:
        """What a person has to look after: why nothing could be signed, and what outlets have not confirmed."""
        kept = () if self.problem is None else (self.problem,)
        return (*kept, *map(describe_pending_delivery, self.deliveries.pending))

    def sentences(self) -> tuple[str, ...]:
        """The report as lines for a person."""
        signed = (
            ()
            if self.signed is None
            else (
                f"Log: a checkpoint over {self.signed.size} entries was signed ({self.signed.checkpoint.origin}).",
            )
        )
        delivered = (
            f"Log: {each.outlet} has confirmed the checkpoint over {each.size} entries."
            for each in self.deliveries.delivered
        )
        return (*signed, *delivered, *self.failures())


def sign_and_deliver(
    settings: Settings,
    archive: Archive,
    *,
    actor: str | None = None,
    by_clock: bool = False,
    on_progress: OnProgress = lambda _: None,
) -> CheckpointReport:
    """Sign, if entries were added, and deliver what is pending; ``by_clock`` signs once an hour at most."""
    signed, problem = None, None
    try:
        if not by_clock or _is_due(archive):
            signer = open_signer(settings)
            if signer is None:
                problem = f"Log: {NO_KEY}."
            else:
                signed = sign_next_checkpoint(archive, signer, actor=actor or settings.collector)
    except (LogKeyError, TokenKeyError, LogRefusedError, TileMissingError) as kept:
        problem = str(kept)
    try:
        outlets = configured_outlets(settings, archive)
    except OutletFileError as unusable:
        outlets, problem = (), f"{problem} {unusable}" if problem else str(unusable)
    delivered = deliver_pending(archive, outlets)
    report = CheckpointReport(signed, newest_checkpoint(archive), delivered, problem)
    for sentence in report.sentences():
        on_progress(sentence)
    return report


def _is_due(archive: Archive) -> bool:
    newest = newest_checkpoint(archive)
    return newest is None or newest.at is None or newest.at < datetime.now(UTC) - EVERY


def rotate_log_key(settings: Settings, archive: Archive) -> str:
    """Let a new key sign from now on; returns its public half. Raises `LogKeyError` for a key in a token."""
    if settings.log_pkcs11 is not None:
        way_out = "make the new key in the token, and see docs/operate.md for the entry that hands over to it."
        raise LogKeyError(settings.log_key_file, "a key in a file", "one in a PKCS#11 token", way_out)
    return str(rotate_key(archive, settings.log_key_file, actor=settings.collector))


def replace_lost_log_key(settings: Settings, archive: Archive) -> str:
    """Let another key sign, since the log's is lost; returns its public half. Raises `LogKeyError` for a token."""
    if settings.log_pkcs11 is not None:
        way_out = "unset LETAPIS_LOG_PKCS11 first, if the token is lost for good."
        raise LogKeyError(settings.log_key_file, "a key in a file", "one in a PKCS#11 token", way_out)
    return str(replace_lost_key(archive, settings.log_key_file, actor=settings.collector))


def newest_checkpoint(archive: Archive) -> SignedCheckpoint | None:
    """The newest checkpoint that the database has."""
    with archive.reader.connect() as connection:
        return newest_in_ledger(connection)


def key_of_log(archive: Archive) -> NamedKey | None:
    """The key of the log that custody names last, and since when it counts; None where no log has begun."""
    with archive.reader.connect() as connection:
        named = log_keys(connection).named
    return named[-1] if named else None


def log_began_with(archive: Archive) -> str | None:
    """The same as a verifier key alone."""
    named = key_of_log(archive)
    return None if named is None else str(named.key)


def key_json(named: NamedKey | None) -> dict[str, Any]:
    """The keys of kind ``checkpoint`` about the key of the log."""
    return {
        "verifier_key": None if named is None else str(named.key),
        "verifier_key_seq": None if named is None else named.seq,
        "verifier_key_since": None if named is None else named.at,
        "verifier_key_event": None if named is None else named.event,
    }


def describe_pending_delivery(pending: PendingDelivery) -> str:
    """One pending delivery as a line."""
    tried = (
        f"{pending.failed} failed {'attempt' if pending.failed == 1 else 'attempts'}, the last: {pending.problem}"
        if pending.failed
        else "no attempt has failed yet"
    )
    since = f"{pending.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"Log: the checkpoint over {pending.size} entries is pending at the outlet {pending.outlet} since "
        f"{since}; {tried}."
    )


def checkpoint_json(signed: SignedCheckpoint) -> dict[str, Any]:
    """The JSON keys of kind ``checkpoint``."""
    return {
        "kind": "checkpoint",
        "origin": signed.checkpoint.origin,
        "size": signed.size,
        "root": f"sha256:{signed.checkpoint.root.hex()}",
        "note": signed.note.decode(),
        "at": signed.at,
    }
