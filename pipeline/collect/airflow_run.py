"""The nightly job on the running stack, started and followed from outside through Airflow's REST API.

In: a logged-in `AirflowApi`. Out: the state in which the run ended, and its `Summary`. Airflow runs it; nothing is
crawled by this process.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from pipeline.airflow_api import ENDED, AirflowApi, AirflowRefused
from pipeline.collect.harvest_summary import Summary, summary_of

EVERY_S: Final = 1.0
DONE: Final = ("success", "failed", "upstream_failed", "skipped", "removed")


def follow_harvest(api: AirflowApi, run_id: str, *, on_progress: Callable[[str], None]) -> str:
    """Say how far the run is, each time that changes, until it has ended; returns its state."""
    previous = ""
    while (state := api.run_state("harvest", run_id)) not in ENDED:
        line = progress_line(api.tasks_of_run("harvest", run_id))
        if line != previous:
            on_progress(line)
            previous = line
        time.sleep(EVERY_S)
    return state


def progress_line(tasks: tuple[dict[str, Any], ...]) -> str:
    """How many sources are done, and which are at work."""
    mapped = [task for task in tasks if task["map_index"] >= 0]
    if not mapped:
        return "Harvest: planning"
    done = sum(task["state"] in DONE for task in mapped)
    # a task that has just begun has no name yet but its place in the plan
    named = (str(task["rendered_map_index"]) for task in mapped if task["state"] == "running")
    running = sorted(name for name in named if not name.isdecimal())
    return f"Harvest: {done} of {len(mapped)} done" + (f"; at work: {', '.join(running)}" if running else "")


def harvested(api: AirflowApi, run_id: str) -> Summary:
    """Plan and results of a run that has ended; a task without a result is a failure of its sources."""
    try:
        batches: list[list[str]] = api.xcom("harvest", run_id, "plan")
    except AirflowRefused as refused:
        what = f"plan {run_id}, whose log says why"
        raise AirflowRefused(what, refused.status, refused.detail) from refused
    results: list[list[dict[str, Any]] | None] = []
    for number in range(len(batches)):
        try:
            results.append(api.xcom("harvest", run_id, "collect", map_index=number))
        except AirflowRefused:
            results.append(None)
    return summary_of(batches, results)
