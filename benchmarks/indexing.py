"""CPU of indexing a WARC file that another tool wrote: ours beside cdxj-indexer.

Run: ``python -m benchmarks.indexing [--json] [--rounds N] [--peers FOLDER]``. The file is warcio's: a response of
60 KB and its request, deflated at level 9, sha1 digests. Ours reads it as a deposit does: strict framing, its
declared block digests checked, sha256 of every block, payload and the file (with its sha512), a SURT key for
each row. cdxj-indexer checks no digest. Both run in a process of their own; starting it does not count.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.material import foreign_warc
from benchmarks.peer_environments import programs_of
from benchmarks.timing import Ratio, arguments, report, rounds_of, told_by

RECORDS = 2500


def ours(path: Path, units: float) -> None:
    from processors.surt import surt_key
    from storage.survey import survey_file

    began, cpu = time.perf_counter(), time.process_time()
    rows = [(surt_key(row.url), row) for row in survey_file(path).rows]
    cost = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - began, "units": units}
    print(json.dumps({**cost, "facts": {"rows": len(rows)}}))


def main() -> None:
    parser, parse = arguments(__doc__, rounds=5, peers=True)
    parser.add_argument("--one", nargs=2, help="index this file of so many units, once, and print the cost")
    options = parse()
    if options.one:
        ours(Path(options.one[0]), float(options.one[1]))
        return
    peer = programs_of("cdxj", options.peers) / "python"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "foreign.warc.gz"
        units = foreign_warc(path, RECORDS) / 1e9
        ways = {
            "ours": told_by([sys.executable, "-m", "benchmarks.indexing", "--one", path, str(units)]),
            "cdxj-indexer": told_by([peer, Path(__file__).with_name("peer_cdxj.py"), path, str(units)]),
        }
        taken = rounds_of(ways, options.rounds)
    title = f"Indexing a foreign WARC, {RECORDS} responses of 60 KB and their requests"
    ratios = [Ratio("ours", "cdxj-indexer", "cpu", 4.0)]
    report(title, "GB of pages", taken, ratios, as_json=options.json, scale="s")


if __name__ == "__main__":
    main()
