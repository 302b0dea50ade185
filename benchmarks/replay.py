"""What of a folder of WARC files replays, and how long the first byte of a replayed record takes.

Run: ``python -m benchmarks.replay FOLDER... [--json] [--rounds N]``. An embedded store and database are started
for it, and the replay host with its pywb. Every file that can be deposited is; each capture of a response under a
web address is then asked of the replay host, once, as a browser asks for a page. ``replayed`` answers came from
the record, with the archived status; ``redirects`` are shown as such; ``not`` are all others, by what was
answered. The first byte is timed for the captures that were replayed, warm, and beside it reading the same record
from the store alone.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

import httpx

from access.replay.capability import CapabilitySeal, make_replay_key, read_replay_key
from access.replay.door import ReplayHostUnderTest
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.data_folder import write_stack_file
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.replay import ReplayServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.prepare import prepare_archive
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from storage.deposit.record_reader import read_record
from storage.errors import StorageError
from storage.queries.replay import REPLAYED


def deposited(archive: Archive, folders: list[Path]) -> tuple[list[Capture], int, dict[str, str]]:
    """Captures that could be a page or a part of one, how many files were taken in, and why others were not."""
    captures: list[Capture] = []
    refused: dict[str, str] = {}
    taken = 0
    for path in sorted(file for folder in folders for file in folder.rglob("*") if is_archive(file)):
        try:
            key = deposit_file(archive, path).key
        except (StorageError, ValueError, OSError) as problem:
            refused[path.name] = str(problem).splitlines()[0][:160]
            continue
        taken += 1
        with archive.reader.connect() as connection:
            captures += [
                each
                for each in captures_in(connection, key)
                if each.record_type in REPLAYED and each.url.lower().startswith(("http://", "https://"))
            ]
    return captures, taken, refused


def is_archive(path: Path) -> bool:
    return path.is_file() and path.name.endswith((".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wacz"))


def replayed(client: httpx.Client, door: ReplayHostUnderTest, capture: Capture) -> tuple[str, float]:
    """What the replay host answered, in a word, and after how many seconds its first byte came."""
    address = door.address(capture, EVERYONE, archive_origin="http://127.0.0.1:1")
    host = address.split("/")[2]
    port = host.rpartition(":")[2]
    request = client.build_request(
        "GET", f"http://127.0.0.1:{port}/", headers={"Host": host, "Sec-Fetch-Dest": "iframe"}
    )
    request.extensions["target"] = address.partition(host)[2].encode("utf-8", "surrogateescape")
    begun = time.perf_counter()
    answer = client.send(request, stream=True)
    pieces = answer.iter_raw()
    body = next(pieces, b"")
    took = time.perf_counter() - begun
    body += b"".join(pieces)
    if "memento-datetime" in answer.headers:
        return (
            "replayed" if answer.status_code == (capture.status or 200) else f"status {answer.status_code}"
        ), took
    if b"The server sent no page here" in body:
        return "redirects", took
    return f"answered {answer.status_code}", took


def measured(
    archive: Archive, door: ReplayHostUnderTest, captures: list[Capture], rounds: int
) -> dict[str, object]:
    outcomes: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    fits: list[Capture] = []
    with httpx.Client(trust_env=False, timeout=120) as client:
        for capture in captures:
            word, _ = replayed(client, door, capture)
            outcomes[word] += 1
            where = f"{capture.url}, {capture.record_type} with status {capture.status}"
            examples.setdefault(word, [])
            examples[word].append(where)
            if word == "replayed" and capture.record_type == "response":
                fits.append(capture)
        first_ms, store_ms = [], []
        for capture in fits[:: max(1, len(fits) // 60)] * rounds:
            first_ms.append(1000 * replayed(client, door, capture)[1])
            begun = time.perf_counter()
            read_record(archive, capture)
            store_ms.append(1000 * (time.perf_counter() - begun))
    return {
        "captures": len(captures),
        "outcomes": dict(outcomes.most_common()),
        "examples": {word: at for word, at in examples.items() if word != "replayed"},
        "first_byte_ms": spread(first_ms),
        "store_read_ms": spread(store_ms),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    if len(values) < 2:
        return {}
    cut = quantiles(values, n=20)
    return {"median": round(cut[9], 1), "p95": round(cut[18], 1), "times": len(values)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="letapis-replay-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        with (
            ObjectStoreServer(folder / "store") as store,
            PostgresServer(folder / "postgres") as postgres,
        ):
            database = postgres.create_database("replay")
            settings = replace(
                Settings(data=folder / "data"),
                s3_endpoint=store.endpoint,
                s3_access_key=store.access_key,
                s3_secret_key=store.secret_key,
                lock_mode="governance",
                lock_days=1,
                database_url=database.owner_url,
                database_writer_url=database.writer_url,
                database_reader_url=database.reader_url,
                database_access_url=database.access_url,
            )
            settings.data.mkdir(mode=0o700)
            list(prepare_archive(settings))
            make_replay_key(settings.replay_key_file)
            write_stack_file(settings)
            server = ReplayServer(settings)
            try:
                server.start()
                door = ReplayHostUnderTest(server.url, CapabilitySeal(read_replay_key(settings.replay_key_file)))
                with opened_archive(settings) as archive:
                    captures, files, refused = deposited(archive, told.folders)
                    found = measured(archive, door, captures, told.rounds)
            finally:
                server.stop()
    result = {"files": files, "refused": refused, **found}
    sys.stdout.write(json.dumps(result, indent=None if told.json else 1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
