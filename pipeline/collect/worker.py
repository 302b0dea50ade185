"""The worker: a process that has done its imports claims addresses that people wait for, one after the other.

In: `Settings`. Out: `Worked` for each address; what came of it stands in the ledger. First it deposits what
crawls have left in the spool of its machine that died. Nothing that fails with one
address ends the worker; where the database does not answer, it waits until it does. Of a confidential request it
says and returns its id and a number alone. What follows when a page can be read (time tokens, a checkpoint) is
done in a thread beside, so that a slow time authority keeps nobody waiting.
"""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from pipeline.collect.confidential_work import unlogged
from pipeline.collect.lease import RENEW_EVERY_S
from pipeline.collect.on_demand import Prepared, WorkerStopped, deposit_left, follow_up, work_on
from pipeline.collect.waiting import process_name
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.ledger.requests import RequestUnknownError, request_by_id
from storage.migrations import OtherSchemaError
from storage.work_queue.claims import Claim, LeaseLostError, beat, claim, forget_old, leave

LOOK_EVERY_S: Final = 0.2
"""Seconds between two looks at an empty queue: an index of what waits, which is a page of memory."""

DATABASE_AGAIN_S: Final = 2.0
"""Seconds before a database that did not answer is tried again."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

OnProgress = Callable[[str], None]


class WorkState(StrEnum):
    """How the work on an address ended."""

    DONE = "done"
    NOT_AS_WANTED = "not_as_wanted"
    """The page was not reached, or was not what was wanted; that is kept, too."""
    BROKEN = "broken"
    """This system failed; the ledger says why."""
    LEASE_LOST = "lease_lost"
    """Another worker has the address."""


@dataclass(frozen=True, slots=True)
class Worked:
    """The work on the address ``number`` (from 0) of a request.

    ``url``, ``capture_id`` and ``problem`` are None of a confidential request, of which the ledger alone knows.
    ``seconds`` are those from the claim to the result.
    """

    request_id: str
    number: int
    attempt: int
    state: WorkState
    seconds: float
    confidential: bool
    url: str | None = None
    capture_id: str | None = None
    problem: str | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"kind": "worked"} | asdict(self) | {"state": self.state.value, "seconds": round(self.seconds, 3)}


def run_worker(
    settings: Settings,
    *,
    once: bool = False,
    on_done: Callable[[Worked], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> None:
    """Work until a signal ends it, which gives back what is in work; with ``once`` until nothing waits any more.

    Raises `SettingsError`, and `OtherSchemaError` once another version has changed the tables; with ``once`` also
    `OperationalError` where the database does not answer.
    """
    name = process_name()
    with _stopped_by_signals(), opened_archive(settings) as archive, ExitStack() as leaving:
        following = _Following(settings, archive, on_progress)
        prepared = Prepared(settings)
        leaving.callback(prepared.end)
        leaving.callback(_leave, archive, name)
        with suppress(WorkerStopped):
            on_progress(f"The worker {name} waits for addresses.")
            _work(settings, archive, name, following, prepared, once, on_done, on_progress)
            following.finish()


def _work(
    settings: Settings,
    archive: Archive,
    name: str,
    following: "_Following",
    prepared: Prepared,
    once: bool,
    on_done: Callable[[Worked], None],
    on_progress: OnProgress,
) -> None:
    beaten_at = float("-inf")
    recovered = False
    while True:
        try:
            if not recovered:  # what a worker has left that was killed, and which nobody claims again
                deposit_left(settings, archive, on_progress)
                recovered = True
            if not once:
                prepared.start()
            with archive.writer.begin() as connection:
                if not once and time.monotonic() - beaten_at > RENEW_EVERY_S:
                    if beaten_at < 0:
                        forget_old(connection)
                    beat(connection, name)
                    beaten_at = time.monotonic()
                held = claim(connection, name)
            if held is not None:
                on_done(_one(settings, archive, held, None if once else name, prepared, on_progress))
                following.add(held.request_id)
                continue
        except OperationalError as problem:
            if once:
                raise
            on_progress(f"The database does not answer: {str(problem.orig).strip()}. It is tried again.")
            time.sleep(DATABASE_AGAIN_S)
            continue
        if once:
            return
        time.sleep(LOOK_EVERY_S)


def _one(
    settings: Settings,
    archive: Archive,
    held: Claim,
    beats_for: str | None,
    prepared: Prepared,
    on_progress: OnProgress,
) -> Worked:
    """The work on one address; raises `OperationalError`, `OtherSchemaError` and `WorkerStopped`."""
    begun = time.monotonic()
    url = _url_to_name(archive, held)
    capture_id = problem = None
    with ExitStack() as silent:
        if url is None:
            silent.enter_context(unlogged())
            on_progress = _silent
        try:
            archived = work_on(
                settings, archive, held, beats_for=beats_for, prepared=prepared, on_progress=on_progress
            )
            capture_id, problem = archived.capture_id, archived.problem
            state = WorkState.DONE if problem is None else WorkState.NOT_AS_WANTED
        except LeaseLostError as lost:
            state, problem = WorkState.LEASE_LOST, str(lost)
        except (OperationalError, OtherSchemaError):  # no fault of the address: another worker does it
            raise
        except Exception as broken:  # written down by `work_on`, for those who may know
            state, problem = WorkState.BROKEN, f"{type(broken).__name__}: {broken}"
    seconds = time.monotonic() - begun
    if url is None:
        return Worked(held.request_id, held.number, held.attempt, state, seconds, confidential=True)
    return Worked(
        held.request_id,
        held.number,
        held.attempt,
        state,
        seconds,
        confidential=False,
        url=url,
        capture_id=capture_id,
        problem=problem,
    )


def _url_to_name(archive: Archive, held: Claim) -> str | None:
    """The address, None where it may not be named: the request is confidential, or not known."""
    try:
        with archive.reader.connect() as connection:
            request = request_by_id(connection, held.request_id)
    except RequestUnknownError:
        return None
    return None if request.confidential else request.urls[held.number]


def _silent(_: str) -> None:
    """Of what is confidential no line is written."""


class _Following:
    """Does in a thread beside what follows on a result, once for all requests that came meanwhile."""

    def __init__(self, settings: Settings, archive: Archive, on_progress: OnProgress) -> None:
        self._settings = settings
        self._archive = archive
        self._on_progress = on_progress
        self._requests: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)
        self._thread.start()

    def add(self, request_id: str) -> None:
        """An address of the request has a result."""
        self._requests.put(request_id)

    def finish(self) -> None:
        """Return when all is done that was added."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (request_id := self._requests.get()) is not None:
            try:
                follow_up(self._settings, self._archive, request_id)
            except Exception as problem:  # it stays pending, and DAGs of every few minutes make it good
                self._on_progress(f"What follows on request {request_id} stays pending: {type(problem).__name__}")


def _leave(archive: Archive, name: str) -> None:
    with suppress(OperationalError, OtherSchemaError), archive.writer.begin() as connection:
        leave(connection, name)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """The first signal ends what is done with `WorkerStopped`; further ones do not disturb the clearing up."""

    def stop(*_: object) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise WorkerStopped

    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
