"""The desk of a running installation: requests of people go to the ledger, and Airflow is handed their ids.

In: a `NewRequest` with the viewer who sent it. Out: its id, or those of several requests where there are too many
addresses for one. Guaranteed: Airflow learns the ids and nothing else; a confidential request has the label of a
case of which the viewer is a member. Runs are started with the installation's own access to Airflow, since
analysts have none that could start them.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from access.request_desk import (
    MOST_LINKED_PAGES,
    MOST_URLS,
    NewRepeat,
    NewRequest,
    PlannedRepeat,
    RequestNotStartedError,
    RequestRefusedError,
    RunState,
    SchedulerSilentError,
    TakenRequests,
)
from crawlers.watchlist.engines import Engine, engine_of_request, refusal_of_direct_mode
from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.collect.url_list import MOST_URLS as MOST_URLS_OF_ONE
from pipeline.collect.url_list import BadUrls, check_lines, validate_urls
from pipeline.config.settings import Settings, SettingsError
from pipeline.login.choice import chosen_profile
from pipeline.login.profiles import ProfileError, ProfileStore
from storage.access_labels import DEFAULT_LABEL, Viewer
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.memberships import case_by_reference, cases_of
from storage.ledger.refused_lines import CheckedLines
from storage.ledger.repeat_schedule import ScheduleRefusedError, schedule_of
from storage.ledger.repeats import Repeat, RepeatError, begin_repeat
from storage.ledger.requests import insert_request
from storage.work_queue.claims import living_workers, order

LONGEST_REASON = 2000
LONGEST_CASE = 200
DAG = "archive_url"

RUNS_LOOKED_AT: Final = 100
"""Newest runs among which that of a request is looked for; an older one has left its results in the ledger."""

ASK_EVERY_S: Final = 4.0
"""Seconds for which an answer of Airflow serves all who look at requests."""

ANSWER_WITHIN_S: Final = 5.0
"""Seconds that Airflow has to answer while somebody waits for a page."""

PATIENCE_S: Final = 10.0
"""Seconds for which an Airflow that does not answer is tried again, where nobody else would do the work."""


class CaseUnknownError(StorageError):
    """No case of this reference is there for the person; a custodian says who is a member of which."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"There is no case {reference!r} of which you are a member. Nothing was recorded or fetched. A "
            "custodian adds members, on the page Members or by letapis members add NAME --case REF."
        )
        self.reference = reference


def confidential_label(connection: Connection, reference: str | None, viewer: Viewer) -> str:
    """The label of the case; raises `CaseUnknownError`, the same whether there is none or not theirs."""
    wanted = (reference or "").strip()
    if viewer.every_label:
        found = case_by_reference(connection, wanted)
        if found is not None:
            return found.label
        raise CaseUnknownError(wanted)
    for case in cases_of(connection, viewer.name):
        if case.reference == wanted:
            return case.label
    raise CaseUnknownError(wanted)


def parts(urls: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """The addresses in their order, in parts of at most so many."""
    return (urls[start : start + most] for start in range(0, len(urls), most))


def _worker_lives(archive: Archive) -> bool:
    """Whether what has been ordered is done without Airflow, too."""
    with archive.reader.connect() as connection:
        return bool(living_workers(connection))


class AirflowRequestDesk:
    """Takes requests for the installation that ``load`` gives the settings of."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._states: dict[str, RunState] | None = None

    def egress_profiles(self) -> tuple[str, ...]:
        """As `access.request_desk.RequestDesk` has it."""
        return self._load().egress_names

    def login_profiles(self) -> tuple[str, ...]:
        """As `access.request_desk.RequestDesk` has it."""
        return _profiles(self._load()).names()

    def check(self, request: NewRequest) -> CheckedLines:
        """As `access.request_desk.RequestDesk` has it."""
        return self._checked(request, most=MOST_URLS)

    def submit(self, archive: Archive, request: NewRequest, viewer: Viewer) -> str:
        """As `access.request_desk.RequestDesk` has it."""
        (request_id,) = self._take(archive, request, viewer, most=MOST_URLS_OF_ONE)
        self._start_new(request_id, worker_has_it=_worker_lives(archive))
        return request_id

    def submit_all(self, archive: Archive, request: NewRequest, viewer: Viewer) -> TakenRequests:
        """As `access.request_desk.RequestDesk` has it."""
        ids = self._take(archive, request, viewer, most=MOST_URLS)
        worker_lives = _worker_lives(archive)
        for started, request_id in enumerate(ids):
            try:
                self._start_new(request_id, worker_has_it=worker_lives)
            except RequestNotStartedError as problem:
                return TakenRequests(ids, started, problem.reason, worker_lives)
        return TakenRequests(ids, len(ids))

    def plan_repeat(self, new: NewRepeat) -> PlannedRepeat:
        """As `access.request_desk.RequestDesk` has it."""
        settings = self._load()
        try:
            _require_sound(new.request)
            if new.request.follow:
                raise RequestRefusedError(
                    "A repeat takes each page alone. Choose it without the pages to which it links. "
                    "Nothing was fetched."
                )
            urls = validate_urls(new.request.urls, allow_addresses=settings.allow_addresses, most=MOST_URLS)
            settings.egress_url(new.request.egress or None)
            chosen_profile(_profiles(settings), new.request.profile, video=new.request.video)
            schedule = schedule_of(new.every, new.until, addresses=len(urls), now=datetime.now(UTC))
        except (BadUrls, SettingsError, ProfileError, ScheduleRefusedError) as refused:
            raise RequestRefusedError(str(refused)) from refused
        return PlannedRepeat(urls, schedule)

    def begin_repeat(self, archive: Archive, new: NewRepeat, viewer: Viewer) -> Repeat:
        """As `access.request_desk.RequestDesk` has it."""
        planned, request = self.plan_repeat(new), new.request
        profile = _or_none(request.profile)
        case = _or_none(request.case)
        try:
            with archive.reader.connect() as connection:
                label = confidential_label(connection, case, viewer) if request.confidential else DEFAULT_LABEL
            return begin_repeat(
                archive,
                actor=viewer.name,
                urls=planned.urls,
                schedule=planned.schedule,
                reason=_or_none(request.reason),
                case_reference=case,
                access_label=label,
                engine="browser" if profile is not None else request.engine,
                egress=request.egress or None,
                video=request.video,
                profile=profile,
            )
        except (CaseUnknownError, RepeatError) as refused:
            raise RequestRefusedError(str(refused)) from refused

    def run_state(self, request_id: str) -> RunState:
        """As `access.request_desk.RequestDesk` has it."""
        with self._asking:
            if time.monotonic() - self._asked_at > ASK_EVERY_S:
                self._states = self._newest_states()
                self._asked_at = time.monotonic()
            states = self._states
        if states is None:
            raise SchedulerSilentError
        return states.get(request_id, RunState.UNKNOWN)

    def start(self, request_id: str) -> None:
        """As `access.request_desk.RequestDesk` has it."""
        self._start(request_id, patience_s=PATIENCE_S)

    def _start_new(self, request_id: str, *, worker_has_it: bool) -> None:
        """Start the run of a request that has just been ordered: a worker has begun with it by now."""
        try:
            self._start(request_id, patience_s=0.0 if worker_has_it else PATIENCE_S)
        except RequestNotStartedError as problem:
            raise RequestNotStartedError(request_id, problem.reason, worker_has_it=worker_has_it) from problem

    def _start(self, request_id: str, *, patience_s: float) -> None:
        try:
            with AirflowApi(self._load().airflow(), patience_s=patience_s) as api:
                api.trigger(DAG, {"request_id": request_id})
        except (AirflowRefused, AirflowUnreachable, SettingsError) as problem:
            raise RequestNotStartedError(request_id, str(problem)) from problem

    def _take(self, archive: Archive, request: NewRequest, viewer: Viewer, *, most: int) -> tuple[str, ...]:
        """Write the request to the ledger, as several in one transaction where one cannot have all addresses."""
        reason, case = _or_none(request.reason), _or_none(request.case)
        settings, checked = self._load(), self._checked(request, most=most)
        try:
            profile = chosen_profile(_profiles(settings), request.profile, video=request.video)
            chosen = engine_of_request(request.engine) or "http"
            engine: Engine = chosen if profile is None else "browser"
            with archive.writer.begin() as connection:
                label = confidential_label(connection, case, viewer) if request.confidential else DEFAULT_LABEL
                taken = [
                    insert_request(
                        connection,
                        actor=viewer.name,
                        urls=some,
                        reason=reason,
                        case_reference=case,
                        access_label=label,
                        engine=engine,
                        egress=request.egress or None,
                        video=request.video,
                        profile=profile,
                        follow=request.follow,
                        refused=() if number else checked.refused,
                    )
                    for number, some in enumerate(parts(checked.urls, MOST_URLS_OF_ONE))
                ]
                for each in taken:
                    order(connection, each.id, len(each.urls))
            return tuple(each.id for each in taken)
        except (ProfileError, SettingsError, CaseUnknownError) as refused:
            raise RequestRefusedError(str(refused)) from refused

    def _checked(self, request: NewRequest, *, most: int) -> CheckedLines:
        settings = self._load()
        _require_sound(request)
        try:
            settings.egress_url(request.egress or None)
            return check_lines(request.urls, allow_addresses=settings.allow_addresses, most=most)
        except (BadUrls, SettingsError) as refused:
            raise RequestRefusedError(str(refused)) from refused

    def _newest_states(self) -> dict[str, RunState] | None:
        """The state of the newest run of each request, among the newest; None where Airflow does not answer."""
        try:
            with AirflowApi(self._load().airflow(), patience_s=0.0, request_s=ANSWER_WITHIN_S) as api:
                runs = api.runs(DAG, newest=RUNS_LOOKED_AT)
        except (AirflowRefused, AirflowUnreachable, SettingsError):
            return None
        found: dict[str, RunState] = {}
        for run in runs:
            request_id, state = (run.get("conf") or {}).get("request_id"), str(run["state"])
            if isinstance(request_id, str) and state in set(RunState):
                found.setdefault(request_id, RunState(state))
        return found


def _require_sound(request: NewRequest) -> None:
    """Raises `RequestRefusedError` for a reason or case that is too long, an engine that is none, what
    does not go with direct mode, or too many linked pages.
    """
    reason, case = _or_none(request.reason), _or_none(request.case)
    if len(reason or "") > LONGEST_REASON or len(case or "") > LONGEST_CASE:
        raise RequestRefusedError(
            f"The reason may have {LONGEST_REASON} characters, the case {LONGEST_CASE}. Nothing was fetched."
        )
    if engine_of_request(request.engine) is None:
        raise RequestRefusedError("The engine must be http, browser or direct. Nothing was fetched.")
    why = refusal_of_direct_mode(request.engine, video=request.video, profile=request.profile)
    if why is not None:
        raise RequestRefusedError(why)
    if not 0 <= request.follow <= MOST_LINKED_PAGES:
        raise RequestRefusedError(
            f"Of the pages to which a page links, 0 to {MOST_LINKED_PAGES} can be taken. Nothing was fetched."
        )


def _profiles(settings: Settings) -> ProfileStore:
    return ProfileStore(settings.login_folder, settings.login_keys_file)


def _or_none(text: str | None) -> str | None:
    return (text or "").strip() or None
