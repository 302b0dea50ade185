"""How much memory a browser holds, with all processes that it has started.

In: the number of its first process. Out: bytes that are its own (anonymous pages that are resident: what shared
libraries and the file cache hold would be counted once for each process). A process that ends meanwhile counts
nothing. Source: proc(5), ``RssAnon`` of ``/proc/PID/status`` and ``/proc/PID/task/TID/children``.
"""

from collections.abc import Iterator
from pathlib import Path

KB = 1024


def memory_bytes(process_id: int) -> int:
    """Of the process and of those below it."""
    return sum(_own_bytes(each) for each in _tree(process_id))


def _tree(process_id: int) -> Iterator[int]:
    yield process_id
    try:
        started = [
            int(child)
            for task in Path(f"/proc/{process_id}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return
    for child in started:
        yield from _tree(child)


def _own_bytes(process_id: int) -> int:
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KB for line in lines if line.startswith("RssAnon:")), 0)
