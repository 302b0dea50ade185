"""Holds a claim while its work is done: renews it, and ends the crawl at once where it cannot be renewed in time.

In: a claim (`storage.work_queue.claims`), the writer's address. Out: `Lease`, which knows the crawl while one
runs. Guaranteed: no crawl goes on after its lease, whatever keeps it from being renewed (a database that does not
answer, a claim that another has by now, work that never ends); what it has captured stays in the spool. A worker
that is killed needs none of this: its crawl's keeper ends the crawl (`pipeline.supervise.keeper`).
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pipeline.config.database import lease_engine
from pipeline.supervise.processes import end_below, send
from storage.errors import StorageError
from storage.work_queue.claims import LEASE_S, Claim, LeaseLostError, beat, renew

RENEW_EVERY_S: Final = 3.0
"""Four renewals may fail before the lease ends."""

END_BEFORE_S: Final = 2.0
"""So long before the lease ends the crawl is killed, which takes a moment on a busy machine."""

LONGEST_WORK_S: Final = 3600.0
"""Work that takes longer has lost its way: the lease is not renewed any more (as the task's time limit)."""

STUCK_S: Final = 120.0
"""A worker that has not come to an end so long after it lost its lease ends as a whole, and is started again."""


class NotAwaitedError(StorageError):
    """The task or command that waited was stopped, so the crawl was, too; whoever wants it starts it again."""

    def __init__(self, request_id: str, number: int) -> None:
        super().__init__(
            f"Address {number + 1} of request {request_id}: what waited for it has ended or was stopped, so its "
            "crawl was stopped. What it had captured is in the archive. Start it again if it is still wanted."
        )
        self.request_id = request_id
        self.number = number


class Lease:
    """A claim that is being renewed; ``lost`` once it could not be, ``awaited`` until its crawl is stopped."""

    def __init__(self, engine: Engine, held: Claim, beats_for: str | None) -> None:
        self._engine = engine
        self._held = held
        self._beats_for = beats_for
        self._crawl: int | None = None
        self._changing = threading.Lock()
        self._ended = threading.Event()
        self._holds_until = time.monotonic()
        self.lost = False
        self.awaited = True

    def renew(self) -> None:
        """Renew now; raises `LeaseLostError`, and the errors of the database."""
        before = time.monotonic()
        with self._engine.begin() as connection:
            if self._beats_for is not None:
                beat(connection, self._beats_for)
            awaited = renew(connection, self._held)
        self._holds_until = before + LEASE_S  # not later than the database's own end of it
        if not awaited:
            self._stop_crawl()

    def _stop_crawl(self) -> None:
        """Let the crawl close its files and end; the claim is held until what it captured is deposited.

        Once the crawl has ended by itself its result is whole, and is kept though nobody waits for it.
        """
        with self._changing:
            if self._crawl is not None:
                self.awaited = False
                send(self._crawl, signal.SIGTERM)  # its keeper passes it on

    def require(self) -> None:
        """Raises `LeaseLostError` where the claim could not be renewed in time, `NotAwaitedError`."""
        if self.lost:
            raise LeaseLostError(self._held.request_id, self._held.number)
        if not self.awaited:
            raise NotAwaitedError(self._held.request_id, self._held.number)

    @contextmanager
    def watched(self, keeper: int) -> Iterator[None]:
        """The crawl below this keeper runs during the block, and is killed where the lease is lost."""
        with self._changing:
            if self.lost:
                end_below(keeper)
            self._crawl = keeper
        try:
            yield
        finally:
            with self._changing:
                self._crawl = None

    def keep_renewing(self) -> None:
        """Until the work has ended, is lost, or has taken too long."""
        begun = time.monotonic()
        while not self._ended.wait(RENEW_EVERY_S) and time.monotonic() - begun < LONGEST_WORK_S:
            try:
                self.renew()
            except LeaseLostError:
                self._holds_until = time.monotonic()
                return
            except SQLAlchemyError:  # tried again until the lease ends
                continue

    def end_in_time(self) -> None:
        """Kill the crawl before the lease ends, unless the work has ended first."""
        while not self._ended.wait(0.2):
            if time.monotonic() > self._holds_until - END_BEFORE_S:
                with self._changing:
                    self.lost = True
                    if self._crawl is not None:
                        end_below(self._crawl)
                if self._beats_for is not None and not self._ended.wait(STUCK_S):
                    os._exit(70)  # EX_SOFTWARE: nothing of this process can be relied upon
                return

    def end(self) -> None:
        """The work has ended; nothing is renewed any more."""
        self._ended.set()


@contextmanager
def held_lease(writer_url: str, held: Claim, *, beats_for: str | None = None) -> Iterator[Lease]:
    """Hold the claim during the block; raises `LeaseLostError` where it is lost already.

    ``beats_for`` is the worker for which signs of life are given at each renewal.
    """
    engine = lease_engine(writer_url)
    lease = Lease(engine, held, beats_for)
    threads = [
        threading.Thread(target=each, name=f"lease-{each.__name__}", daemon=True)
        for each in (lease.keep_renewing, lease.end_in_time)
    ]
    try:
        lease.renew()
        for thread in threads:
            thread.start()
        yield lease
    finally:
        lease.end()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        engine.dispose()
