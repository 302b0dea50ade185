"""Time and memory of building a package that is handed over, twice, with the comparison of both.

Run: ``python -m benchmarks.handover [--exhibits N] [--megabytes N] [--keep FOLDER] [--json]``. Each exhibit is a
page and a file of random bytes in a WARC file of its own; together the files have the size that is asked for.
Store and database are embedded ones of this run. The peak of memory is that of the building alone, what was loaded
before it included (``VmHWM``, Linux).
"""

import json
import os
import shutil
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ulid import ULID

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.handover.package import build_package
from pipeline.handover.package_key import PackageKey
from pipeline.handover.selection import (
    CaptureRole,
    DisclosureLevel,
    Exhibit,
    ExhibitKind,
    FrozenSelection,
    FrozenSoftware,
    Recipient,
    SelectedCapture,
)
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from storage.log.checkpoints import newest_in_ledger
from storage.log.key_file import SigningState, make_signing_key
from storage.log.signing import LogSigner, sign_next_checkpoint
from storage.migrations import migrate
from storage.sealing_keys import make_keys
from tests.storage.crawled_files import crawl_one, exchange, response

MEGABYTE = 1 << 20
FROZEN_AT = datetime(2026, 11, 29, 21, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Measured:
    """What was built, and what it took; the seconds are of the first and the second time.

    ``cpu_seconds`` are those of this process for the first; store and database have theirs besides.
    """

    exhibits: int
    evidence_bytes: int
    seconds: tuple[float, float]
    cpu_seconds: float
    peak_mb: float
    the_same_bytes: bool


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--exhibits", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=4096)
    parser.add_argument("--keep", type=Path, help="copy the package to this folder")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="letapis-handover-") as folder:
        Path(folder).chmod(0o711)  # as root, the account of the database has to get there
        measured = measure(Path(folder), asked.exhibits, asked.megabytes * MEGABYTE, asked.keep)
    if asked.json:
        print(json.dumps(asdict(measured)))
        return
    first, second = measured.seconds
    evidence = f"{measured.exhibits} exhibits, {measured.evidence_bytes / MEGABYTE:.0f} MB of evidence"
    same = "the same bytes" if measured.the_same_bytes else "OTHER BYTES"
    times = f"{first:.1f} s ({measured.cpu_seconds:.1f} s of CPU), again {second:.1f} s"
    print(f"{evidence}: {times}, {same}, peak {measured.peak_mb:.0f} MB")


def measure(folder: Path, exhibits: int, evidence_bytes: int, keep: Path | None) -> Measured:
    """Start the services, fill the archive, build twice."""
    with (
        ObjectStoreServer(folder / "store") as store,
        PostgresServer(folder / "postgres") as postgres,
    ):
        database = postgres.create_database("handover")
        migrate(database.owner_url)
        settings = Settings(data=folder / "data")
        make_keys(settings.sealing_keys_file)
        settings = replace(
            settings,
            sealing_keys=settings.sealing_keys_file,
            s3_endpoint=store.endpoint,
            s3_access_key=store.access_key,
            s3_secret_key=store.secret_key,
            s3_bucket="handover",
            lock_mode="governance",
            lock_days=1,
            database_url=database.owner_url,
            database_writer_url=database.writer_url,
            database_reader_url=database.reader_url,
        )
        with opened_archive(settings) as archive:
            archive.objects.ensure_bucket()
            selection = filled(archive, folder, exhibits, evidence_bytes // exhibits)
            key = PackageKey.generate()
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins here (proc(5))
            begun = time.process_time()
            one, first = timed(archive, selection, folder / "one", key)
            peak, cpu = peak_mb(), time.process_time() - begun
            other, second = timed(archive, selection, folder / "other", key)
        if keep is not None:
            shutil.copytree(folder / "one", keep)
        return Measured(exhibits, evidence_bytes, (first, second), cpu, peak, one == other)


def filled(archive: Archive, folder: Path, exhibits: int, each_bytes: int) -> FrozenSelection:
    """Deposit the evidence, sign a checkpoint, freeze all of it."""
    chosen = []
    for number in range(1, exhibits + 1):
        items = [
            exchange(f"https://news.example/{number}", response(b"<p>page %d" % number)),
            exchange(f"https://news.example/{number}.bin", response(os.urandom(each_bytes), "video/mp4")),
        ]
        found = deposit_file(archive, crawl_one(folder / "spool", items))
        shutil.rmtree(folder / "spool")
        with archive.reader.connect() as connection:
            captures = tuple(
                SelectedCapture(each.id, CaptureRole.SUBJECT) for each in captures_in(connection, found.key)
            )
        subject = captures[0].capture_id
        chosen.append(
            Exhibit(f"LTP-2026-{number:06d}", ExhibitKind.CAPTURE, subject, f"Page {number}", (), captures, ())
        )
    key_file = folder / "keys" / "log.key"  # a folder of its own: it is closed to all others, the database too
    signing = make_signing_key(key_file, "log.example/benchmark")
    sign_next_checkpoint(archive, LogSigner(signing, SigningState.beside(key_file)), actor="benchmark")
    with archive.reader.connect() as connection:
        newest = newest_in_ledger(connection)
    assert newest is not None
    return FrozenSelection(
        package_id=str(ULID.from_datetime(FROZEN_AT)),
        frozen_at=FROZEN_AT,
        recipient=Recipient("A court", DisclosureLevel.COURT, None, "en"),
        query={},
        exhibits=tuple(chosen),
        left_out=(),
        checkpoint=newest.checkpoint,
        software=FrozenSoftware("letapis", version("letapis"), None),
    )


def timed(archive: Archive, selection: FrozenSelection, folder: Path, key: PackageKey) -> tuple[str, float]:
    """The digest of a package, and the seconds that it took."""
    begun = time.perf_counter()
    built = build_package(archive, selection, folder, key=key)
    return str(built.digest), time.perf_counter() - begun


def peak_mb() -> float:
    """The largest resident size since the counter was set back."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1024


if __name__ == "__main__":
    main()
