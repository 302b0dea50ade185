"""The running Airflow as commands and tests see it: its REST API (version 2), logged in as one user.

In: `AirflowAccess`. Out: plain dictionaries as the API gives them, and the few words that matter as types. Raises
`AirflowRefused` when Airflow answers no (its own words inside), `AirflowUnreachable` when it does not answer.

A busy Airflow answers late or not at all, and one that has fallen is started again: so requests are repeated, with
growing pauses, for ``patience_s``, where repeating cannot do anything twice. These are questions (GET), logging
in, making a pool, writing a note, and starting a run, because the run's id is chosen here and Airflow takes each
id once.

Before password or token is sent to the embedded Airflow, the kernel is asked who listens at its address: nothing
is sent to a program that does not belong to the stack (`pipeline.supervise.listeners`).
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx

from pipeline.config.settings import AirflowAccess
from pipeline.supervise.listeners import ForeignListener, listening_inodes, own_listener

ENDED: Final = frozenset({"success", "failed"})
"""States of a run that will not change by themselves."""

REQUEST_S: Final = 30.0
"""A busy single worker on a small machine answers late, but it answers."""

PATIENCE_S: Final = 300.0
"""For so long a request is repeated; an API server that has fallen needs half a minute, under load minutes."""

LONGEST_NOTE: Final = 1000

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0

HOW_FOREIGN: Final = "End that program or the stack, and start the stack again: it then takes a free port."

BUSY: Final = frozenset({httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT})
"""Answers that say: later. An internal error is among them only for questions: it may have done its work."""


class AirflowUnreachable(Exception):
    """Nothing answers at Airflow's address; start the stack or wait."""


class AirflowForeign(AirflowUnreachable):
    """Another program answers in place of the stack's Airflow; the stack takes another port when started again."""


class AirflowRefused(Exception):
    """Airflow answered with an error; ``status`` is HTTP's, ``detail`` Airflow's own words."""

    def __init__(self, what: str, status: int, detail: str) -> None:
        super().__init__(f"Airflow refused to {what} ({status}): {detail}")
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Health:
    """One look at Airflow's components: name to the time of the last heartbeat, None where there was none."""

    database_ok: bool
    heartbeats: Mapping[str, datetime | None]


class AirflowApi:
    """A session with Airflow's REST API; close it, or use it as a context manager."""

    def __init__(
        self,
        access: AirflowAccess,
        *,
        patience_s: float = PATIENCE_S,
        request_s: float = REQUEST_S,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._access = access
        self._patience_s = patience_s
        self._on_progress = on_progress
        self._known_listener: frozenset[str] | None = None
        # Not through a proxy that the environment names: Airflow is on loopback or inside the house.
        self._client = httpx.Client(base_url=access.url, timeout=request_s, trust_env=False)
        self._token: str | None = None

    def health(self) -> Health:
        """The state of the components; needs no login."""
        answer = self._send("GET", "/api/v2/monitor/health", what="say how it is", token=None, repeat=True)
        return Health(
            database_ok=answer["metadatabase"]["status"] == "healthy",
            heartbeats={
                name: _time((answer.get(name) or {}).get(f"latest_{name}_heartbeat"))
                for name in ("scheduler", "dag_processor", "triggerer")
            },
        )

    def ensure_pool(self, name: str, *, slots: int, description: str) -> bool:
        """Make the pool if it is missing; slots that an operator has changed stay. Returns whether it was made."""
        try:
            self.get(f"/api/v2/pools/{quote(name)}", what=f"show the pool {name}")
        except AirflowRefused as refused:
            if refused.status != httpx.codes.NOT_FOUND:
                raise
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            try:
                self._as_user("POST", "/api/v2/pools", body, f"make the pool {name}", repeat=True)
            except AirflowRefused as refused:
                # a first request has made it whose answer came too late
                if refused.status != httpx.codes.CONFLICT:
                    raise
            return True
        return False

    def known_dags(self) -> frozenset[str]:
        """Ids of the DAGs that have been read."""
        return frozenset(dag["dag_id"] for dag in self.get("/api/v2/dags?limit=1000", what="list DAGs")["dags"])

    def import_errors(self) -> tuple[str, ...]:
        """One text per DAG file that could not be read: the file and the end of its traceback."""
        errors = self.get("/api/v2/importErrors", what="list import errors")["import_errors"]
        return tuple(f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors)

    def trigger(self, dag_id: str, conf: Mapping[str, Any], *, note: str | None = None) -> str:
        """Start one run, however often it has to be said; returns its id.

        `AirflowRefused` says which parameter is wrong.
        """
        run_id = f"manual__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+00:00}_{secrets.token_hex(4)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf), "note": note}
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns"
        try:
            self._as_user("POST", path, body, f"start a run of {dag_id}", repeat=True)
        except AirflowRefused as refused:
            # Nobody else has this id: a first request has started the run, and its answer came too late.
            if refused.status != httpx.codes.CONFLICT:
                raise
            self.run_state(dag_id, run_id)
        return run_id

    def run_state(self, dag_id: str, run_id: str) -> str:
        """State of a run: queued, running, success, failed."""
        run = self.get(f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}", what=f"show {dag_id} {run_id}")
        return str(run["state"])

    def leave_note(self, dag_id: str, run_id: str, note: str) -> None:
        """Write the note of a run, in place of one it had; Airflow takes `LONGEST_NOTE` characters."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}?update_mask=note"
        shown = note if len(note) <= LONGEST_NOTE else f"{note[: LONGEST_NOTE - 1]}…"
        self._as_user("PATCH", path, {"note": shown}, f"leave a note at {dag_id} {run_id}", repeat=True)

    def runs(self, dag_id: str, *, newest: int = 25) -> tuple[dict[str, Any], ...]:
        """The newest runs of a DAG, newest first."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?order_by=-run_after&limit={newest}"
        return tuple(self.get(path, what=f"list runs of {dag_id}")["dag_runs"])

    def tasks_of_run(self, dag_id: str, run_id: str) -> tuple[dict[str, Any], ...]:
        """Task instances of a run (task_id, map_index, state, rendered_map_index, ...)."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances?limit=1000"
        return tuple(self.get(path, what=f"list tasks of {run_id}")["task_instances"])

    def queued_tasks(self) -> tuple[tuple[str, int], ...]:
        """Task instances of all DAGs that wait for a worker: id and number of the attempt."""
        path = "/api/v2/dags/~/dagRuns/~/taskInstances?state=queued&limit=100"
        found = self.get(path, what="list queued tasks")["task_instances"]
        return tuple((str(task["id"]), int(task["try_number"])) for task in found)

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1, key: str = "return_value"
    ) -> Any:
        """What a task returned."""
        task = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{quote(task_id)}"
        path = f"{task}/xcomEntries/{key}?map_index={map_index}&deserialize=true"
        return self.get(path, what=f"show what {task_id} returned")["value"]

    def get(self, path: str, *, what: str) -> dict[str, Any]:
        """A GET as the logged-in user; ``what`` is the verb phrase of the error message."""
        return self._as_user("GET", path, None, what)

    def post(self, path: str, body: Mapping[str, Any], *, what: str) -> dict[str, Any]:
        """A POST as the logged-in user; ``what`` is the verb phrase of the error message."""
        return self._as_user("POST", path, body, what)

    def delete(self, path: str, *, what: str) -> None:
        """A DELETE as the logged-in user; ``what`` is the verb phrase of the error message."""
        self._as_user("DELETE", path, None, what)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _as_user(
        self, method: str, path: str, body: Mapping[str, Any] | None, what: str, *, repeat: bool = False
    ) -> dict[str, Any]:
        repeat = repeat or method == "GET"
        if self._token is None:
            self._token = self._log_in()
        try:
            return self._send(method, path, body, what=what, token=self._token, repeat=repeat)
        except AirflowRefused as refused:
            if refused.status != httpx.codes.UNAUTHORIZED:
                raise
        # A token lives for a day at most; a command that waits longer logs in again.
        self._token = self._log_in()
        return self._send(method, path, body, what=what, token=self._token, repeat=repeat)

    def _log_in(self) -> str:
        body = {"username": self._access.user, "password": self._access.password}
        what = f"log in {self._access.user}"
        answer = self._send("POST", "/auth/token", body, what=what, token=None, repeat=True)
        return str(answer["access_token"])

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        what: str,
        token: str | None,
        repeat: bool,
    ) -> dict[str, Any]:
        """Send a request; with ``repeat``, again and again while there is patience and no answer but "later"."""
        deadline = time.monotonic() + (self._patience_s if repeat else 0.0)
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return self._send_once(method, path, body, what=what, token=token)
            except AirflowForeign:
                raise
            except (AirflowUnreachable, AirflowRefused) as problem:
                if not _may_pass(problem, method) or time.monotonic() + pause_s > deadline:
                    raise
                if pause_s == FIRST_PAUSE_S:
                    self._on_progress(
                        f"{problem} It is asked again for {self._patience_s / 60:.0f} minutes at most."
                    )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _send_once(
        self, method: str, path: str, body: Mapping[str, Any] | None, *, what: str, token: str | None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._make_sure_whose_it_is()
        try:
            answer = self._client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as problem:
            raise AirflowUnreachable(f"Airflow does not answer at {self._access.url} ({problem}).") from problem
        if answer.is_error:
            raise AirflowRefused(what, answer.status_code, _detail(answer))
        try:
            content: dict[str, Any] = answer.json() if answer.content else {}
        except ValueError as problem:
            raise AirflowUnreachable(f"At {self._access.url} something else than Airflow answers.") from problem
        return content

    def _make_sure_whose_it_is(self) -> None:
        """Raise `AirflowUnreachable` unless the stack's own server listens; an outside Airflow is not looked at.

        While the same socket listens, its owner is the same.
        """
        if self._access.stack_process is None:
            return
        port = urlsplit(self._access.url).port or 80
        if self._known_listener is not None and listening_inodes(port) == self._known_listener:
            return
        try:
            listener = own_listener(port, self._access.stack_process)
        except ForeignListener as foreign:
            raise AirflowForeign(f"{foreign}: no password was sent to it. {HOW_FOREIGN}") from foreign
        if not listener:
            raise AirflowUnreachable(f"Airflow does not answer at {self._access.url} (nothing listens there).")
        self._known_listener = listener


def _may_pass(problem: AirflowUnreachable | AirflowRefused, method: str) -> bool:
    """Whether the same request may be answered in a while."""
    if isinstance(problem, AirflowUnreachable) or problem.status in BUSY:
        return True
    return problem.status == httpx.codes.INTERNAL_SERVER_ERROR and method == "GET"


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _detail(answer: httpx.Response) -> str:
    """Airflow's own words; FastAPI's validation errors as one sentence each."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, one.get('loc', ())))}: {one.get('msg')}" for one in detail)
    return str(detail)
