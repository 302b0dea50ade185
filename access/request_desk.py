"""What the pages need in order to take requests: whoever mounts them brings a desk that checks and starts.

In: a `NewRequest` of a viewer. Out: its id in the ledger. The pages themselves start nothing: the desk of a
running installation is `pipeline.collect.request_desk`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from storage.access_labels import Viewer
from storage.archive import Archive
from storage.ledger.refused_lines import CheckedLines
from storage.ledger.repeat_schedule import Schedule
from storage.ledger.repeats import Repeat


class RequestRefusedError(Exception):
    """The request is not one that can be taken; the message says why, and that nothing was fetched."""


class RequestNotStartedError(Exception):
    """The request stands in the ledger under ``request_id``, and no run was started for it.

    ``worker_has_it``: a worker of the archive does the work all the same, and only the scheduler knows nothing of
    it.
    """

    def __init__(self, request_id: str, reason: str, *, worker_has_it: bool = False) -> None:
        but = "and a worker has it, but" if worker_has_it else "but"
        super().__init__(f"The request is recorded, {but} its run was not started: {reason}")
        self.request_id = request_id
        self.reason = reason
        self.worker_has_it = worker_has_it


class SchedulerSilentError(Exception):
    """The scheduler does not answer; what the ledger says of the request holds all the same."""


class RunState(StrEnum):
    """How the scheduler has the newest run of a request; ``UNKNOWN``: it knows of none."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    UNKNOWN = "unknown"


MOST_URLS: Final = 1000
"""Addresses that may be asked for at once; they become several requests."""


MOST_LINKED_PAGES: Final = 100
"""Pages that may be taken with each address, since it links to them."""


@dataclass(frozen=True, slots=True)
class TakenRequests:
    """The ids of requests that were written to the ledger together; ``not_started``: why some have no run.

    ``started`` counts those, from the first on, whose runs were started. ``worker_has_them`` is as in
    `RequestNotStartedError`.
    """

    ids: tuple[str, ...]
    started: int
    not_started: str | None = None
    worker_has_them: bool = False


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What a person asks for: ``urls`` one per line; ``egress`` is None for going directly.

    ``profile`` is the login with which the browser loads the pages, also where ``engine`` is ``http``; None:
    without one. With ``direct`` it is refused, and so is ``video``.
    ``follow``: with so many pages of its host to which each page links, at most `MOST_LINKED_PAGES`.
    """

    urls: str
    reason: str | None = None
    case: str | None = None
    confidential: bool = False
    engine: str = "http"
    egress: str | None = None
    video: bool = False
    profile: str | None = None
    follow: int = 0


@dataclass(frozen=True, slots=True)
class NewRepeat:
    """A request that is to be made again: ``every`` such as ``hour`` or ``6h``, ``until`` a day (ISO 8601).

    With ``every`` ``once`` it is made one time, at the moment ``until``.
    """

    request: NewRequest
    every: str
    until: str


@dataclass(frozen=True, slots=True)
class PlannedRepeat:
    """What a repeat would come to, before it is begun."""

    urls: tuple[str, ...]
    schedule: Schedule

    @property
    def captures(self) -> int:
        """How many visits of pages it makes."""
        return self.schedule.turns * len(self.urls)


class RequestDesk(Protocol):
    """Takes requests and starts them."""

    def egress_profiles(self) -> tuple[str, ...]:
        """The names of the egress profiles there are."""

    def login_profiles(self) -> tuple[str, ...]:
        """The names of the logins with which pages can be loaded."""

    def check(self, request: NewRequest) -> CheckedLines:
        """What `submit_all` would take of the lines, and what not; nothing is written.

        Raises `RequestRefusedError` where it would take none.
        """

    def submit(self, archive: Archive, request: NewRequest, viewer: Viewer) -> str:
        """Write the request to the ledger and start it; returns its id.

        Lines that are no address are left out, and kept with the request. Raises `RequestRefusedError` where no
        address is left, and `RequestNotStartedError`.
        """

    def submit_all(self, archive: Archive, request: NewRequest, viewer: Viewer) -> TakenRequests:
        """The same of up to `MOST_URLS` addresses, in as many requests as it takes.

        Lines that are left out are kept with the first.
        Raises `RequestRefusedError`, which names each line that is wrong.
        """

    def plan_repeat(self, new: NewRepeat) -> PlannedRepeat:
        """What the repeat would come to; nothing is written.

        Raises `RequestRefusedError`, also for a single line that is no address.
        """

    def begin_repeat(self, archive: Archive, new: NewRepeat, viewer: Viewer) -> Repeat:
        """Begin the repeat; its first turn comes one interval from now. Raises `RequestRefusedError`."""

    def run_state(self, request_id: str) -> RunState:
        """How the newest run of a request stands; raises `SchedulerSilentError`."""

    def start(self, request_id: str) -> None:
        """Start a run for a request of the ledger; raises `RequestNotStartedError`."""
