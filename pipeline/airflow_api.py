"""The running Airflow as commands and tests see it: its REST API (version 2), logged in as one user.

In: `AirflowAccess`. Out: plain dictionaries as the API gives them, and the few words that matter as types. Raises
`AirflowRefused` when Airflow answers no (its own words inside), `AirflowUnreachable` when it does not answer.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from pipeline.settings import AirflowAccess

ENDED: Final = frozenset({"success", "failed"})
"""States of a run that will not change by themselves."""

REQUEST_S: Final = 30.0
"""A busy single worker on a small machine answers late, but it answers."""


class AirflowUnreachable(Exception):
    """Nothing answers at Airflow's address; start the stack or wait."""


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

    def all_beat_since(self, moment: datetime) -> bool:
        """Whether the database answers and every component has given a sign of life after ``moment``."""
        return self.database_ok and all(at is not None and at >= moment for at in self.heartbeats.values())


class AirflowApi:
    """A session with Airflow's REST API; close it, or use it as a context manager."""

    def __init__(self, access: AirflowAccess) -> None:
        self._access = access
        # Not through a proxy that the environment names: Airflow is on loopback or inside the house.
        self._client = httpx.Client(base_url=access.url, timeout=REQUEST_S, trust_env=False)
        self._token: str | None = None

    def health(self) -> Health:
        """The state of the components; needs no login."""
        answer = self._send("GET", "/api/v2/monitor/health", what="say how it is", token=None)
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
            self.post("/api/v2/pools", body, what=f"make the pool {name}")
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
        """Start a run; returns its id. `AirflowRefused` says which parameter is wrong."""
        body = {"logical_date": None, "conf": dict(conf), "note": note}
        run = self.post(f"/api/v2/dags/{quote(dag_id)}/dagRuns", body, what=f"start a run of {dag_id}")
        return str(run["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """State of a run: queued, running, success, failed."""
        run = self.get(f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}", what=f"show {dag_id} {run_id}")
        return str(run["state"])

    def runs(self, dag_id: str, *, newest: int = 25) -> tuple[dict[str, Any], ...]:
        """The newest runs of a DAG, newest first."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?order_by=-run_after&limit={newest}"
        return tuple(self.get(path, what=f"list runs of {dag_id}")["dag_runs"])

    def tasks_of_run(self, dag_id: str, run_id: str) -> tuple[dict[str, Any], ...]:
        """Task instances of a run (task_id, map_index, state, rendered_map_index, ...)."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances?limit=1000"
        return tuple(self.get(path, what=f"list tasks of {run_id}")["task_instances"])

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1, key: str = "return_value"
    ) -> Any:
        """What a task returned."""
        task = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{quote(task_id)}"
        path = f"{task}/xcomEntries/{key}?map_index={map_index}&deserialize=true"
        return self.get(path, what=f"show what {task_id} returned")["value"]

    def wait_for_run(self, dag_id: str, run_id: str, *, timeout_s: float, every_s: float = 1.0) -> str:
        """Return the state in which the run ended; raises `TimeoutError`."""
        deadline = time.monotonic() + timeout_s
        while (state := self.run_state(dag_id, run_id)) not in ENDED:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{dag_id} {run_id} is still {state} after {timeout_s:.0f} s")
            time.sleep(every_s)
        return state

    def get(self, path: str, *, what: str) -> dict[str, Any]:
        """A GET as the logged-in user; ``what`` is the verb phrase of the error message."""
        return self._as_user("GET", path, None, what)

    def post(self, path: str, body: Mapping[str, Any], *, what: str) -> dict[str, Any]:
        """A POST as the logged-in user; ``what`` is the verb phrase of the error message."""
        return self._as_user("POST", path, body, what)

    def patch(self, path: str, body: Mapping[str, Any], *, what: str) -> dict[str, Any]:
        """A PATCH as the logged-in user; ``what`` is the verb phrase of the error message."""
        return self._as_user("PATCH", path, body, what)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _as_user(self, method: str, path: str, body: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
        if self._token is None:
            self._token = self._log_in()
        try:
            return self._send(method, path, body, what=what, token=self._token)
        except AirflowRefused as refused:
            if refused.status != httpx.codes.UNAUTHORIZED:
                raise
        # A token lives for a day at most; a command that waits longer logs in again.
        self._token = self._log_in()
        return self._send(method, path, body, what=what, token=self._token)

    def _log_in(self) -> str:
        body = {"username": self._access.user, "password": self._access.password}
        answer = self._send("POST", "/auth/token", body, what=f"log in {self._access.user}", token=None)
        return str(answer["access_token"])

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, what: str, token: str | None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as problem:
            raise AirflowUnreachable(f"Airflow does not answer at {self._access.url} ({problem}).") from problem
        if answer.is_error:
            raise AirflowRefused(what, answer.status_code, _detail(answer))
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content


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
