"""CPU of index rows made while records are written, beside cdxj-indexer over the same file.

Run: ``python -m benchmarks.index_rows [--json] [--rounds N] [--peers FOLDER]``. A crawl of ours writes responses
of 60 KB with their requests and facts. Ours is what `storage.spool.index_cache` does on top of the writing: the
rows, on disk beside the file and read back as a deposit does, with a SURT key for each.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.material import exchange_of, pages
from benchmarks.peer_environments import programs_of
from benchmarks.timing import Ratio, arguments, here, report, rounds_of, told_by
from crawlers.model.capture import Captured
from processors.surt import surt_key
from storage.spool.index_cache import IndexCacheWriter, read_index_cache
from storage.spool.spool import RecordIds
from storage.warc.records import (
    RecordReceipt,
    WarcRecord,
    exchange_metadata,
    request_record,
    response_record,
    warcinfo_record,
)
from storage.warc.writer import ClosedFile, OpenWarc

RESPONSES = 2000
Took = tuple[list[WarcRecord], list[RecordReceipt], Captured | None]


def written(path: Path) -> tuple[ClosedFile, list[Took]]:
    """The file, and what its writer knew of each group of records."""
    new_id, file = RecordIds(), OpenWarc(path)
    info_id, at = new_id(), datetime.now(UTC)
    info = [warcinfo_record(info_id, at, path.name, {"software": "benchmark"})]
    took: list[Took] = [(info, file.append(info), None)]
    bodies = pages(100)
    for number in range(RESPONSES):
        url = f"https://www.news-{number % 7}.example/2026/03/story-{number}.html?id={number}&utm_source=x"
        exchange = exchange_of(url, bodies[number % len(bodies)])
        response_id = new_id()
        records = [
            response_record(exchange, response_id, info_id, compressible=True),
            request_record(exchange, new_id(), response_id, info_id),
            exchange_metadata(exchange, new_id(), response_id, info_id),
        ]
        took.append((records, file.append(records), exchange))
    return file.close(), took


def main() -> None:
    _, parse = arguments(__doc__, rounds=5, peers=True)
    options = parse()
    peer = programs_of("cdxj", options.peers) / "python"
    with tempfile.TemporaryDirectory() as folder:
        closed, took = written(Path(folder) / "own.warc.gz")

        def rows() -> float:
            beside = IndexCacheWriter(closed.path)
            for records, receipts, item in took:
                beside.add(records, receipts, item)
            beside.close(closed)
            made = read_index_cache(closed.path)
            assert made is not None
            return float(len([surt_key(row.url) for row in made.index.rows]))

        ways = {
            "ours": here(rows),
            "cdxj-indexer": told_by([peer, Path(__file__).with_name("peer_cdxj.py"), closed.path, str(RESPONSES)]),
        }
        taken = rounds_of(ways, options.rounds)
    title = f"Index rows of a crawl's file, {RESPONSES} responses of 60 KB"
    report(title, "row", taken, [Ratio("ours", "cdxj-indexer", "cpu", 10.0)], as_json=options.json, scale="ms")


if __name__ == "__main__":
    main()
