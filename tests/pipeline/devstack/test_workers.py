"""Workers of a stack: started again with growing pauses, and never the reason for which a stack ends."""

import time
from pathlib import Path

from pipeline.config.settings import Settings
from pipeline.devstack.workers import LONGEST_PAUSE_S, OnDemandWorkers
from pipeline.supervise.processes import processes_of_data_folder


def test_a_worker_that_ends_again_and_again_is_started_again_after_growing_pauses(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    workers = OnDemandWorkers(Settings(data=data, workers=1))  # which end at once: no stack is known
    begun = time.monotonic()
    workers.start()
    sentences: list[str] = []
    while len(sentences) < 3:
        sentences += workers.restart_dead()
        assert time.monotonic() - begun < 300
        time.sleep(0.05)

    assert time.monotonic() - begun > 0 + 1 + 3, "the pauses alone"
    assert sentences[0] == "The on-demand worker 1 had ended by itself (code 2) and was started again."
    workers.stop()
    assert processes_of_data_folder(data) == ()


def test_after_however_many_ends_the_pause_is_the_longest_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    workers = OnDemandWorkers(Settings(data=data, workers=1))
    (worker,) = workers._workers
    worker.ended, worker.started_at = 5000, time.monotonic()

    assert workers.restart_dead() == []

    assert worker.ended == 5001
    assert worker.start_again_at is not None
    assert worker.start_again_at - time.monotonic() <= LONGEST_PAUSE_S


def test_of_no_workers_there_is_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    workers = OnDemandWorkers(Settings(data=data, workers=0))
    workers.start()
    assert workers.restart_dead() == []
    workers.stop()
