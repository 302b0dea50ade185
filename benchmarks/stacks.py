"""A stack of its own for a benchmark: `letapis up` over sample sites that the benchmark has started.

In: a folder, the running sites, a watch-list. Out: its settings, and the variables for commands beside it. Its
nights begin in the year 2999, so that none comes between. It ends with the block.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.timing import TICKS_PER_S
from pipeline.config.settings import ROOT, Settings, load_settings
from pipeline.supervise.processes import processes_of_data_folder
from samples.sites import SampleSites

SAMPLE_WATCHLIST = ROOT / "samples" / "watchlist.yaml"


@contextmanager
def running_stack(
    folder: Path, sites: SampleSites, watchlist: Path = SAMPLE_WATCHLIST, **more: str
) -> Iterator[tuple[Settings, Mapping[str, str]]]:
    """`letapis up` with its data in ``folder``; ``more`` are further variables, such as ``LETAPIS_WORKERS``.

    Raises `SystemExit` where the stack does not start.
    """
    variables = {
        "LETAPIS_DATA": str(folder / "data"),
        "LETAPIS_WATCHLIST": str(watchlist),
        "LETAPIS_AIRFLOW_PORT": "0",
        "LETAPIS_CONNECT_TO": sites.connect_to,
        "LETAPIS_ALLOW_ADDRESSES": "127.0.0.0/8",
        "LETAPIS_UPSTREAM_CA": str(sites.authority),
        "LETAPIS_NIGHTS_SINCE": "2999-01-01T00:00:00+00:00",
        **more,
    }
    stack = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "up", "--json"],
        env={**os.environ, **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert stack.stdout is not None
    if not stack.stdout.readline():
        raise SystemExit("`letapis up` has ended; its words stand above.")
    try:
        yield load_settings(variables), variables
    finally:
        stack.terminate()
        stack.wait()


def stack_cpu_s(data: Path) -> float:
    """CPU seconds of all processes of the stack so far, with those that have ended and were waited for."""
    ticks = 0
    for pid in processes_of_data_folder(data):
        with suppress(OSError):  # it has ended since
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_PER_S
