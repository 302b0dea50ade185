"""CPU of indexing a WARC file that another tool wrote: ours beside cdxj-indexer.

Run: ``python -m benchmarks.indexing [--json] [--rounds N] [--peers FOLDER]``. The files are warcio's: a response
of 60 KB, or of 5 KB, and its request, deflated at level 9, sha1 digests. Ours reads them as a deposit does: strict
framing, declared block digests checked, sha256 of the blocks and payloads of rows, sha256 and sha512 of the file,
a SURT key for each row. It is also measured without what only a deposit needs: ``parts``, that is heads of records
and messages, declared digests, SURT. cdxj-indexer checks no digest. All run in processes of their own; starting
them does not count.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.material import foreign_warc
from benchmarks.peer_environments import programs_of
from benchmarks.timing import Ratio, arguments, report, rounds_of, told_by

FILES = ((60_000, 2500), (5_000, 10_000))
"""Bytes of a page, and how many pages."""


def as_deposited(path: Path) -> int:
    """Everything a deposit reads of a file."""
    from processors.surt import surt_key
    from storage.deposit.inspection import inspect_file

    return len([(surt_key(row.url), row) for row in inspect_file(path).rows])


def parts(path: Path) -> int:
    """Heads, declared digests and SURT keys alone."""
    from processors.http.head import head_end, head_value, read_head, status_of
    from processors.surt import surt_key
    from storage.warc.declared_digest import HASHES, declared_digest
    from storage.warc.reader import WarcReader

    rows = []
    with path.open("rb") as file:
        reader = WarcReader(file, path.name)
        while (head := reader.next_record()) is not None:
            declared = declared_digest(head.value("WARC-Block-Digest"))
            assert declared is not None or head.record_type == "warcinfo"
            running = HASHES[declared[0]]() if declared else None
            message = b""
            for piece in reader.block():
                message = message or bytes(piece[:4096])
                if running is not None:
                    running.update(piece)
            length = reader.end_record()
            assert declared is None or running is None or running.digest() == declared[1]
            if head.record_type == "response":
                answer = read_head(message[: head_end(message)])
                media_type = head_value(answer.fields, "content-type")
                assert head.url is not None
                key = surt_key(head.url)
                rows.append((key, head.at, head.url, status_of(answer), media_type, head.offset, length))
    return len(rows)


WAYS: dict[str, Callable[[Path], int]] = {"as deposited": as_deposited, "parts": parts}


def main() -> None:
    parser, parse = arguments(__doc__, rounds=5, peers=True)
    parser.add_argument("--one", nargs=3, help="index so this file of so many units, once, and print the cost")
    options = parse()
    if options.one:
        way, path, units = options.one
        work = WAYS[way]
        began, cpu = time.perf_counter(), time.process_time()
        rows = work(Path(path))
        cost = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - began, "units": float(units)}
        print(json.dumps({**cost, "facts": {"rows": rows}}))
        return
    peer = programs_of("cdxj", options.peers) / "python"
    for length, records in FILES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "foreign.warc.gz"
            units = foreign_warc(path, records, length=length) / 1e9
            one = [sys.executable, "-m", "benchmarks.indexing", "--one"]
            ways = {way: told_by([*one, way, path, str(units)]) for way in WAYS}
            peer_program = Path(__file__).with_name("peer_cdxj.py")
            ways["cdxj-indexer"] = told_by([peer, peer_program, path, str(units)])
            taken = rounds_of(ways, options.rounds)
        title = f"Indexing a foreign WARC, {records} responses of {length} bytes and their requests"
        ratios = [Ratio("as deposited", "cdxj-indexer", "cpu", 4.0), Ratio("parts", "cdxj-indexer", "cpu", 4.0)]
        report(title, "GB of pages", taken, ratios, as_json=options.json, scale="s")


if __name__ == "__main__":
    main()
