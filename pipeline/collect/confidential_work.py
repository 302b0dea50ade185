"""Work on what is confidential, of which the log of a task says nothing.

In: a block of code. Guaranteed: while it runs, no line of any logger is written, and what the process and its
children write to stdout and stderr is dropped: Airflow keeps all three where everybody who sees runs reads them.
What went wrong is in the ledger, for those who may know (`storage.ledger.requests.insert_result`).
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STANDARD: Final = (1, 2)


@contextmanager
def unlogged() -> Iterator[None]:
    """Nothing that happens inside is written to a log; only one block at a time in a process."""
    before = logging.root.manager.disable
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept = [os.dup(number) for number in STANDARD]
    streams = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123 - a device, not a file of ours
        logging.disable(logging.CRITICAL)
        sys.stdout, sys.stderr = nothing, nothing
        for number in STANDARD:
            os.dup2(nothing.fileno(), number)
        try:
            yield
        finally:
            for number, copy in zip(STANDARD, kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            sys.stdout, sys.stderr = streams
            logging.disable(before)
