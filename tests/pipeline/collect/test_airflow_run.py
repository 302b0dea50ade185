"""How a harvest tells how far it is."""

import pytest

from pipeline.collect.airflow_run import progress_line


def task(name: str, state: str, index: int) -> dict[str, object]:
    return {"rendered_map_index": name, "state": state, "map_index": index}


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ((), "Harvest: planning"),
        ((task("", "success", -1),), "Harvest: planning"),
        ((task("sud", "running", 0), task("kanal", "success", 1)), "Harvest: 1 of 2 done; at work: sud"),
        ((task("0", "running", 0), task("1", "queued", 1)), "Harvest: 0 of 2 done"),
    ],
)
def test_sources_are_named_and_places_in_the_plan_are_not(tasks: tuple[dict[str, object], ...], said: str) -> None:
    assert progress_line(tasks) == said
