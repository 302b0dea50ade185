"""Brings the stack up for a command that stays: storage, what stopped crawls left in the spool, Airflow.

SIGINT, SIGTERM and SIGHUP all become `KeyboardInterrupt`, also where a shell has started the command with SIGINT
ignored (``command &`` in a script does).
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from pipeline.clock_offset import measured_clock
from pipeline.collect.deposit_spool import recover_spools
from pipeline.config.archive_factory import opened_archive
from pipeline.devstack.stack import Stack

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def until_stopped() -> Iterator[None]:
    """Swallows the `KeyboardInterrupt` that ends the block; a second signal does not disturb the clearing up."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def bring_up(stack: Stack, on_progress: Callable[[str], None]) -> None:
    """Start everything and deposit what the spool holds; raises `ServiceError`, with nothing left running."""
    stack.start_storage()
    with opened_archive(stack.settings) as archive:
        recover_spools(
            archive,
            stack.settings.spool_dir,
            actor=stack.settings.collector,
            on_progress=on_progress,
            measure_clock=partial(measured_clock, stack.settings.time_servers),
        )
    stack.start_airflow()
