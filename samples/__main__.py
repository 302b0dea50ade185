"""``python -m samples``: serves the sample sites until told to stop or until the process that started it is gone.

Prints one JSON line when ready: ``port`` (HTTPS and HTTP alike), ``authority``, ``hosts``, ``connect_to``.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from samples.clock import FIRST_DAY, LAST_DAY, FileClock
from samples.extra import extra_pages
from samples.media.files import media_file
from samples.sites import SampleSites

PARENT_CHECK_S = 0.5

PICTURE = "bridge/w640/q75"
"""One that several of the sites show; it is left in the folder as ``bridge.jpg``, for somebody to ask with."""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m samples", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="loopback port for HTTPS and HTTP (default: any free one)"
    )
    parser.add_argument(
        "--folder", type=Path, help="where authority.pem and bridge.jpg are written (default: a temporary folder)"
    )
    day = parser.add_mutually_exclusive_group()
    day.add_argument(
        "--day", type=int, default=1, choices=range(FIRST_DAY, LAST_DAY + 1), help="the sample clock's day"
    )
    day.add_argument("--day-file", type=Path, help="a file holding the day, read at every request")
    parser.add_argument(
        "--serve",
        metavar="URL=FILE",
        action="append",
        default=[],
        help="serve a file, or a folder, under an address",
    )
    return parser.parse_args(argv)


def main() -> int:
    """Serve until SIGTERM, SIGINT or the end of the parent process."""
    asked = arguments()
    parent = os.getppid()
    told_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        # No lock in here: the handler may interrupt whatever holds it, an Event's own wait included.
        signal.signal(number, lambda told, _: told_to_stop.append(told))
    sites = SampleSites(
        asked.day,
        port=asked.port,
        folder=asked.folder,
        extra=extra_pages(asked.serve),
        clock=FileClock(asked.day_file) if asked.day_file is not None else None,
    )
    with sites:
        if asked.folder is not None:
            (asked.folder / "bridge.jpg").write_bytes(media_file(PICTURE).content)
        ready = {
            "port": sites.port,
            "authority": str(sites.authority.resolve()),
            "hosts": list(sites.hosts),
            "connect_to": sites.connect_to,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        while not told_to_stop and os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
