"""Seconds to deposit a file of 256 MB beside a plain ``put_object`` of the same file, and the memory it takes.

Run: ``python -m benchmarks.deposit [--json] [--rounds N] [--megabytes N]``. An embedded store and database are
started for it. The file holds pictures (nothing to deflate), once as our recorder's spool leaves it and once as
another tool wrote it. A deposit is all of it: the file read and checked, uploaded under lock, confirmed by the
store's full-object checksum (read back where it has none), index and custody in one transaction, the custody
entry under lock. ``put_object`` is boto3's as it comes, from the open file. Each run is a process of its own;
starting it does not count. ``most_mb`` is the most memory the process ever held, its libraries included.
"""

import io
import json
import os
import random
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ulid import ULID
from warcio.warcwriter import WARCWriter

from benchmarks.timing import Cost, Ratio, Way, arguments, cpu_s, report, rounds_of, told_by
from storage.sealing_keys import make_keys

PICTURE_BYTES = 2 << 20


def pictures(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"\xff\xd8\xff\xe0" + os.urandom(PICTURE_BYTES - 4)


def own_file(folder: Path, count: int) -> Path:
    """As a crawl of ours leaves it."""
    from crawlers.model.exchange import Exchange, Message
    from crawlers.model.json_form import to_json
    from crawlers.watchlist.source import Source
    from processors.digest import sha256
    from storage.spool.spool import Spool

    source = Source(id="bench", kind="telegram", channel="bench")
    facts = {"software": "letapis", "source": json.dumps(to_json(source))}
    spool = Spool(folder, str(ULID()), facts)
    asked = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
    for number, picture in enumerate(pictures(count)):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
        block, at = head + picture, datetime.now(UTC)
        exchange = Exchange(
            crawl_id="",
            page_id="0001",
            url=f"https://a.example/{number}.jpg",
            request=Message(asked, len(asked), sha256(asked), None, 0),
            response=Message(block, len(head), sha256(block), sha256(picture), len(picture)),
            status=200,
            media_type="image/jpeg",
            content_encoding=None,
            protocol="http/1.1",
            started_at=at,
            first_byte_at=at + timedelta(milliseconds=2),
            ended_at=at + timedelta(milliseconds=9),
            peer_ip="192.0.2.1",
            peer_port=443,
            tls=None,
        )
        spool.keep(exchange)
    return spool.close()[0].path


def foreign_file(folder: Path, count: int) -> Path:
    """As warcio writes it."""
    path = folder / f"foreign-{secrets.token_hex(4)}.warc.gz"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        for number, picture in enumerate(pictures(count)):
            url = f"https://a.example/{number}.jpg"
            record = writer.create_warc_record(
                url, "resource", payload=io.BytesIO(picture), length=len(picture), warc_content_type="image/jpeg"
            )
            writer.write_record(record)
    return path


def deposit(path: Path) -> None:
    from pipeline.config.archive_factory import open_archive
    from pipeline.config.settings import load_settings
    from storage.deposit.deposit import deposit_file

    archive = open_archive(load_settings(dotenv=Path("/nonexistent")))
    archive.objects.head("nothing")  # the first question opens the connections
    with archive.writer.connect():
        pass
    _measured(lambda: deposit_file(archive, path), path)


def put(path: Path) -> None:
    import boto3

    from pipeline.config.settings import load_settings

    store = load_settings(dotenv=Path("/nonexistent")).store()
    client = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name=store.region,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
    )
    client.list_buckets()

    def put_it() -> None:
        with path.open("rb") as file:
            client.put_object(Bucket=store.bucket, Key=f"plain/{secrets.token_hex(8)}", Body=file)

    _measured(put_it, path)


def _measured(work, path: Path) -> None:  # type: ignore[no-untyped-def] # any call
    began, cpu = time.perf_counter(), cpu_s()
    work()
    wall, used = time.perf_counter() - began, cpu_s() - cpu
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    units = path.stat().st_size / 1e9
    print(json.dumps({"cpu_s": used, "wall_s": wall, "units": units, "facts": {"most_mb": most}}))


def fresh(make, folder: Path, count: int, how: str) -> Way:  # type: ignore[no-untyped-def] # one of the makers above
    """A new file for each run: the same bytes are one deposit."""

    def run() -> Cost:
        path = make(folder, count)
        with path.open("r+b") as file:
            os.fsync(file.fileno())
        try:
            return told_by([sys.executable, "-m", "benchmarks.deposit", "--one", how, path])()
        finally:
            path.unlink()

    return run


def main() -> None:
    parser, parse = arguments(__doc__, rounds=5)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--one", nargs=2)
    options = parse()
    if options.one:
        {"deposit": deposit, "put": put}[options.one[0]](Path(options.one[1]))
        return
    from pipeline.config.archive_factory import open_store
    from pipeline.config.settings import Settings
    from pipeline.devstack.postgres import PostgresServer
    from pipeline.devstack.seaweedfs import ObjectStoreServer
    from storage.migrations import migrate

    count = options.megabytes * 1_000_000 // PICTURE_BYTES
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o711)  # the database's own account has to get to its part
        with ObjectStoreServer(folder / "store") as store, PostgresServer(folder / "postgres") as postgres:
            access = postgres.create_database("bench")
            migrate(access.owner_url)
            settings = replace(
                Settings(data=folder / "data"),
                s3_endpoint=store.endpoint,
                s3_access_key=store.access_key,
                s3_secret_key=store.secret_key,
                s3_bucket=f"bench-{random.randrange(10**6)}",
                lock_mode="governance",
                lock_days=1,
            )
            make_keys(settings.sealing_keys_file)
            open_store(settings).ensure_bucket()
            os.environ |= {
                "LETAPIS_DATA": str(folder / "data"),
                "LETAPIS_S3_ENDPOINT": store.endpoint,
                "LETAPIS_S3_ACCESS_KEY": store.access_key,
                "LETAPIS_S3_SECRET_KEY": store.secret_key,
                "LETAPIS_S3_BUCKET": settings.s3_bucket,
                "LETAPIS_LOCK_MODE": "governance",
                "LETAPIS_LOCK_DAYS": "1",
                "LETAPIS_DATABASE_URL": access.owner_url,
                "LETAPIS_DATABASE_WRITER_URL": access.writer_url,
                "LETAPIS_DATABASE_READER_URL": access.reader_url,
            }
            ways = {
                "deposit, own": fresh(own_file, folder, count, "deposit"),
                "deposit, foreign": fresh(foreign_file, folder, count, "deposit"),
                "put_object": fresh(foreign_file, folder, count, "put"),
            }
            taken = rounds_of(ways, options.rounds)
    ratios = [
        Ratio("deposit, own", "put_object", "wall", 0.8),
        Ratio("deposit, foreign", "put_object", "wall", None),
    ]
    title = f"Deposit of a file of {options.megabytes} MB"
    report(title, "GB", taken, ratios, as_json=options.json, scale="s")


if __name__ == "__main__":
    main()
