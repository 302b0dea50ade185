"""The note of a run in Airflow's grid: its outcome in one line.

In: settings, a run, a sentence. The run goes on without a note where Airflow does not take one; ``on_problem`` is
given the reason. Airflow's execution API has no notes (version 3.3), so a task writes it as the installation.
"""

from collections.abc import Callable
from typing import Final

from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.config.settings import Settings, SettingsError

PATIENCE_S: Final = 10.0
"""Seconds for which a busy Airflow is asked again: a note is worth no more."""


def leave_note(
    settings: Settings, dag_id: str, run_id: str, sentence: str, *, on_problem: Callable[[str], None]
) -> None:
    """Write the sentence to the run."""
    try:
        with AirflowApi(settings.airflow(), patience_s=PATIENCE_S) as api:
            api.leave_note(dag_id, run_id, sentence)
    except (AirflowRefused, AirflowUnreachable, SettingsError) as problem:
        on_problem(f"The run has no note, and goes on without one: {problem}")
