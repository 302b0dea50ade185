"""Notices an Airflow that runs and yet does no work: a worker of the executor that was lost, a silent component.

**Lost workers.** The workers of LocalExecutor read their tasks from one pipe. The idle worker whose turn it is
holds the pipe's lock while it waits (`multiprocessing.SimpleQueue.get`); one that is ended by SIGKILL never gives
it back. The scheduler goes on, beats, forks new workers, and none of them ever reads a task: queued tasks stay
queued (Airflow 3.3.2, `airflow/executors/local_executor.py`). Which worker has which lock cannot be seen from
outside, and workers never end by themselves while the scheduler runs. So after any loss the scheduler has to be
restarted: at once where no task runs, else when the running ones are done, and at last after `LONGEST_WAIT_S`. A
loss that nobody saw (in the first second of a scheduler), or a lock lost otherwise, shows in tasks that stay
queued although a worker is free.

**Silence.** A component whose process lives and whose heartbeat has not changed for `SILENT_S` is stuck. Time is
that of the monotonic clock, which stands still while a machine sleeps.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.config.settings import AirflowAccess, process_started_at
from pipeline.supervise.processes import children_of, is_alive, send

EXECUTOR: Final = b"LocalExecutor"
"""In the title of each of the executor's workers."""

LONGEST_WAIT_S: Final = 600.0
"""For so long running tasks keep a scheduler that has lost a worker: they are hours of work at times."""

SILENT_S: Final = 300.0
"""Components beat every few seconds; twenty busy processes on two cores did not delay that by a minute."""

QUEUED_S: Final = 180.0
"""For so long a task may be queued beside a free worker. What a killed scheduler left queued is taken up by the
next one within 90 s (`scheduler_health_check_threshold`, and `orphaned_tasks_check_interval` in `airflow.cfg`)."""

LOOK_EVERY_S: Final = 15.0


def workers_of(keeper: int) -> dict[int, int]:
    """Process ids of the executor's living workers, below the keeper of the scheduler, with the scheduler's."""
    return {
        worker: scheduler
        for scheduler in children_of(keeper)
        for worker in children_of(scheduler)
        if EXECUTOR in _title(worker)
    }


def end_workers(keeper: int) -> None:
    """End the workers, for which a scheduler that stops would wait in vain."""
    for pid in workers_of(keeper):
        send(pid, signal.SIGKILL)


class LostWorkers:
    """What is known of the workers of the scheduler that runs now."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keeper: int | None = None
        self._scheduler: int | None = None
        self._known: set[tuple[int, int | None]] = set()
        self._lost_at: float | None = None
        self._stuck_since: float | None = None

    def must_restart(self, keeper: int, *, queue_stuck: bool = False) -> bool:
        """Look at the workers; whether a lock may be lost, and now is the time to restart the scheduler.

        ``queue_stuck`` says that nobody takes the queued tasks, which is a sign for as long as it lasts.
        """
        if keeper != self._keeper:
            self._keeper, self._scheduler, self._lost_at, self._stuck_since = keeper, None, None, None
            self._known.clear()
        workers = workers_of(keeper)
        if self._scheduler is None:
            self._scheduler = next(iter(workers.values()), None)
        if self._scheduler is None or not is_alive(self._scheduler):
            return False  # not yet there, or ended by itself and all its workers with it
        living = {(pid, process_started_at(pid)) for pid in workers}
        if self._lost_at is None and self._known - living:
            self._lost_at = self._clock()
        self._known |= living
        self._stuck_since = (self._stuck_since or self._clock()) if queue_stuck else None
        signs = [at for at in (self._lost_at, self._stuck_since) if at is not None]
        if not signs:
            return False
        busy = any(children_of(pid) for pid in workers)
        return not busy or self._clock() - min(signs) > LONGEST_WAIT_S


class QueuedTasks:
    """Tasks that are queued, and since when each was seen so beside a free worker."""

    def __init__(self, access: AirflowAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = AirflowApi(access, patience_s=0)
        self._clock = clock
        self._checked_at = clock()
        self._keeper: int | None = None
        self._since: dict[tuple[str, int], float] = {}

    def is_stuck(self, keeper: int) -> bool:
        """Whether a task has been queued for too long although a worker was free; looks every `LOOK_EVERY_S`."""
        if keeper != self._keeper:
            self._keeper = keeper
            self._since.clear()
        now = self._clock()
        if now - self._checked_at >= LOOK_EVERY_S:
            self._checked_at = now
            self._since = {task: self._since.get(task, now) for task in self._queued_beside_a_free_worker(keeper)}
        return any(now - since > QUEUED_S for since in self._since.values())

    def _queued_beside_a_free_worker(self, keeper: int) -> tuple[tuple[str, int], ...]:
        if all(children_of(pid) for pid in workers_of(keeper)):
            return ()
        try:
            return self._api.queued_tasks()
        except (AirflowUnreachable, AirflowRefused):  # without the API server no task can begin
            return ()

    def close(self) -> None:
        """Close the connection."""
        self._api.close()


class Heartbeats:
    """When each component's heartbeat was last seen to change."""

    def __init__(self, access: AirflowAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._checked_at = clock()
        self._seen: dict[str, tuple[object, float]] = {}

    def unresponsive(self) -> tuple[str, ...]:
        """Look every `LOOK_EVERY_S`; names of components (as in `airflow NAME`) that have been silent too long."""
        now = self._clock()
        if now - self._checked_at < LOOK_EVERY_S:
            return ()
        self._checked_at = now
        try:
            with AirflowApi(self._access, patience_s=0) as api:
                health = api.health()
        except (AirflowUnreachable, AirflowRefused):
            return self._unchanged({"api-server": None})
        # Without the database no component can say that it lives, and it has a supervisor of its own.
        if not health.database_ok:
            self._seen.clear()
            return ()
        beats: dict[str, object] = {name.replace("_", "-"): at for name, at in health.heartbeats.items()}
        return self._unchanged(beats | {"api-server": now})

    def forget(self, name: str) -> None:
        """Wait again for a component that was restarted."""
        self._seen.pop(name, None)

    def _unchanged(self, beats: dict[str, object]) -> tuple[str, ...]:
        now = self._clock()
        unresponsive = []
        for name, beat in beats.items():
            before, since = self._seen.get(name, (object(), now))
            if before != beat:
                self._seen[name] = (beat, now)
            elif now - since > SILENT_S:
                unresponsive.append(name)
        return tuple(unresponsive)


def _title(pid: int) -> bytes:
    """The process's title; empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
