"""An archive whose owner attacks it, and somebody outside who was given one signed checkpoint.

What the owner can do here, anybody can who has the administrator's key of the store, the owner's password of the
database and, where a test says so, the key of the log.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text

from pipeline.config.settings import OwnedDatabase
from pipeline.preserve.held_checkpoints import OutsideCheckpoint, OutsideLog, verify_checkpoints
from pipeline.preserve.verify import verify, verify_store_alone
from storage.archive import Archive
from storage.deposit.deposit import Deposited
from storage.findings import Verified
from storage.log.checkpoints import SignedCheckpoint
from storage.log.signing import LogSigner
from tests.administered_store import administrator
from tests.storage.log.log_archive import signer_at

Found = Mapping[str, Sequence[str]]
"""What was named, by the thing that was looked at."""

OLD: Final = "checkpoint of outside"

BEGUN: Final = 4
"""Entries that the first checkpoint covers: two batches, a deposit, the beginning of the log."""
HELD: Final = 7
"""Entries that the checkpoint outside covers: besides these another deposit, a time token owed and obtained."""


@dataclass(frozen=True)
class AttackedArchive:
    """``first`` and ``second`` are deposits; ``held`` is the checkpoint that lies outside, in ``held_file``."""

    archive: Archive
    database: OwnedDatabase
    signer: LogSigner
    key_file: Path
    first: Deposited
    second: Deposited
    held: SignedCheckpoint
    held_file: Path

    def named_with_database(self, *, outside: bool = True) -> Found:
        """What `letapis verify` names; without ``outside`` it is not given the checkpoint."""
        key = self.signer.key.verifier_key
        log = OutsideLog((OutsideCheckpoint("outside", self.held_file.read_bytes()),), (key,))
        return named(verify(self.archive, outside=log if outside else OutsideLog()))

    def named_by_store_alone(self, *, outside: bool = True) -> Found:
        """What `--store-alone` and `--checkpoint` name together; no database is asked."""
        found = verify_store_alone(self.archive.objects, keys=self.archive.sealing)
        if not outside:
            return named(found)
        (held,) = verify_checkpoints(self.archive.objects, [self.held_file], [str(self.signer.key.verifier_key)])
        return named((*found, Verified(OLD, held.problems, held.remarks)))

    def as_owner(self, *statements: str) -> None:
        """What the owner of the database may do: change any row, past every trigger."""
        engine = create_engine(self.database.owner_url)
        tables = {each.split()[2 if each.startswith("DELETE") else 1] for each in statements}
        off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in sorted(tables)]
        on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in sorted(tables)]
        for together in (off, statements, on):  # no table is altered while its own changes are not committed
            with engine.begin() as connection:
                for statement in together:
                    connection.execute(text(statement))
        engine.dispose()

    def remove(self, *prefixes: str, where: Callable[[str], bool] = lambda key: True) -> None:
        """Take away every version of these objects, whatever locks them."""
        for prefix in prefixes:
            for version in list(self.archive.objects.list(prefix)):
                if where(version.key):
                    administrator(self.archive.objects.endpoint).delete_object(
                        Bucket=self.archive.objects.bucket,
                        Key=version.key,
                        VersionId=version.version_id,
                        BypassGovernanceRetention=True,
                    )

    def shadow(self, key: str, content: bytes) -> None:
        """A later version over a stored one, as every key that may write can put there."""
        self.archive.objects._client.put_object(Bucket=self.archive.objects.bucket, Key=key, Body=content)

    def cut_database(self, last: int) -> None:
        """The database as it was when it had so many entries."""
        self.as_owner(
            f"DELETE FROM ledger.checkpoint_deliveries WHERE size > {last}",
            f"DELETE FROM ledger.checkpoints WHERE size > {last}",
            f"DELETE FROM ledger.custody_objects WHERE seq > {last}",
            f"DELETE FROM ledger.sealed_objects WHERE seq > {last}",
            f"DELETE FROM catalogue.captures WHERE warc_key IN "
            f"(SELECT key FROM catalogue.warcs WHERE custody_seq > {last})",
            f"DELETE FROM catalogue.warcs WHERE custody_seq > {last}",
            f"DELETE FROM ledger.custody WHERE seq > {last}",
        )

    def cut_store(self, last: int) -> None:
        """The store as it was then: entries, what they seal, their WARCs and tokens, the log over them."""
        width = len("custody/000000000000")
        self.remove("custody/0", where=lambda key: int(key[len("custody/") : width]) > last)
        self.remove("sealed/0", where=lambda key: int(key.removeprefix("sealed/")[:12]) > last)
        self.remove("custody/tokens/", "custody/roots/")
        self.remove("log/checkpoints/", where=lambda key: int(key.removeprefix("log/checkpoints/")[:12]) > last)
        self.remove("log/proofs/", where=lambda key: int(key.removeprefix("log/proofs/")[:12]) > last)
        self.remove("log/tile/", where=lambda key: int(key.rpartition("/")[2]) > last)
        self.remove(self.second.key)
        if last < BEGUN - 1:
            self.remove(self.first.key)

    def stolen_signer(self) -> LogSigner:
        """The key of the log at another place, where no state lies beside it."""
        stolen = self.key_file.with_name("stolen.key")
        shutil.copy(self.key_file, stolen)
        return signer_at(stolen)


def named(found: Sequence[Verified]) -> Found:
    """Every mismatch by its subject; nothing where all is as expected."""
    wrong: dict[str, list[str]] = {}
    for each in found:
        if not each.ok:
            wrong.setdefault(each.subject, []).extend(problem.what for problem in each.problems)
    return wrong
