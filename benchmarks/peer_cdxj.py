"""Run in the peer's own environment: indexes a WARC file with cdxj-indexer, prints its cost as JSON.

usage: python peer_cdxj.py FILE UNITS
"""

import io
import json
import sys
import time

from cdxj_indexer.main import CDXJIndexer

began, cpu = time.perf_counter(), time.process_time()
lines = io.StringIO()
lines.close = lambda: None  # type: ignore[method-assign] # the indexer closes what it writes to
CDXJIndexer(lines, [sys.argv[1]]).process_all()
cost = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - began, "units": float(sys.argv[2])}
print(json.dumps({**cost, "facts": {"rows": lines.getvalue().count("\n")}}))
