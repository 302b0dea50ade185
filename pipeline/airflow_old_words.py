"""Removes from Airflow what earlier versions left there of requests: reasons, cases, and the runs that carry them.

Until decision 35 the form of the DAG `archive_url` took a reason and a case, and whoever may see runs could
read them. In: a logged-in `AirflowApi` of an administrator, and of the embedded Airflow its database and folder
of logs. Out: what was removed. Guaranteed: requests stay in the ledger, where they always were; a run that has
not ended is left and named; removing again finds nothing.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg2

from pipeline.airflow_api import ENDED, AirflowApi, AirflowRefused

DAG: Final = "archive_url"
WORDS: Final = ("reason", "case")
AT_ONCE: Final = 100

_FORGET_EVENTS: Final = """
    DELETE FROM log WHERE dag_id = %s AND (extra LIKE '%%reason%%' OR extra LIKE '%%case%%')
"""


@dataclass(frozen=True, slots=True)
class RemovedWords:
    """``runs``: ids of removed runs; ``kept``: of runs that had not ended. Counts are None where not known."""

    runs: tuple[str, ...]
    kept: tuple[str, ...]
    events: int | None = None
    log_folders: int | None = None

    def sentence(self) -> str:
        """What was removed, for people."""
        parts = [f"{len(self.runs)} old runs of {DAG} with reason or case were removed, with XComs"]
        if self.events is not None:
            parts.append(f"{self.events} events of the audit log")
        if self.log_folders is not None:
            parts.append(f"{self.log_folders} folders of logs")
        kept = f" Not removed, since they have not ended: {', '.join(self.kept)}." if self.kept else ""
        return f"{', '.join(parts)}. The requests stay in the ledger.{kept}"


def remove_runs(api: AirflowApi) -> RemovedWords:
    """Delete the runs whose configuration holds a reason or a case; their tasks and XComs go with them.

    An Airflow that does not know the DAG, since it starts for the first time, has none.
    """
    removed: list[str] = []
    kept: list[str] = []
    found: list[Mapping[str, Any]] = []
    while True:
        path = f"/api/v2/dags/{DAG}/dagRuns?order_by=run_after&limit={AT_ONCE}&offset={len(found)}"
        try:
            page = api.get(path, what=f"list runs of {DAG}")["dag_runs"]
        except AirflowRefused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            break
        found += page
        if len(page) < AT_ONCE:
            break
    for run in found:
        if not holds_words(run.get("conf")):
            continue
        run_id = str(run["dag_run_id"])
        if run["state"] not in ENDED:
            kept.append(run_id)
            continue
        api.delete(f"/api/v2/dags/{DAG}/dagRuns/{quote(run_id, safe='')}", what=f"delete the run {run_id}")
        removed.append(run_id)
    return RemovedWords(tuple(removed), tuple(kept))


def holds_words(conf: Any) -> bool:
    """Whether a run's configuration has a reason or a case."""
    parsed = json.loads(conf) if isinstance(conf, str) and conf.startswith("{") else conf
    return isinstance(parsed, Mapping) and any(parsed.get(name) for name in WORDS)


def remove_events(database_url: str) -> int:
    """Delete the events of Airflow's audit log that repeat such a configuration; returns how many."""
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(_FORGET_EVENTS, (DAG,))
        return int(cursor.rowcount)


def remove_logs(logs: Path, runs: tuple[str, ...]) -> int:
    """Delete the folders of logs of these runs (Airflow's own names); returns how many were there."""
    folders = [logs / f"dag_id={DAG}" / f"run_id={run_id}" for run_id in runs]
    there = [folder for folder in folders if folder.is_dir() and folder.parent == logs / f"dag_id={DAG}"]
    for folder in there:
        shutil.rmtree(folder)
    return len(there)
