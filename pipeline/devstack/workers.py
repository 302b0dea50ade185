"""The embedded stack's on-demand workers: as many processes as the settings say, started again where they end.

In: the settings of the running stack, whose file `stack.json` each process reads. Unlike a service, a worker that
ends again and again does not end the stack: it is started again after a pause that grows, and until then the
others have the requests, or Airflow's tasks where there is none.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.config.settings import ROOT, Settings
from pipeline.supervise.processes import SupervisedProcess
from storage.private_folder import closed_folder

GRACE_S: Final = 15.0
"""A worker that is stopped lets its crawl close its files and gives its address back; most need a second."""

LONGEST_PAUSE_S: Final = 60.0

SOUND_AFTER_S: Final = 600.0
"""Who has lived so long begins with the shortest pause again."""


@dataclass(slots=True)
class _Worker:
    process: SupervisedProcess
    started_at: float = float("-inf")
    start_again_at: float | None = None
    ended: int = 0


class OnDemandWorkers:
    """The workers of one machine."""

    def __init__(self, settings: Settings) -> None:
        folder = closed_folder(settings.data / "workers")
        self._workers = [
            _Worker(
                SupervisedProcess(
                    name=f"The on-demand worker {number}",
                    command=[sys.executable, "-m", "pipeline.cli", "worker", "--json"],
                    home=settings.data,
                    log=folder / f"worker-{number}.log",
                    cwd=ROOT,
                    env={**os.environ, "LETAPIS_DATA": str(settings.data)},
                    grace_s=GRACE_S,
                )
            )
            for number in range(1, settings.workers + 1)
        ]

    def start(self) -> None:
        """Start all; returns at once, they claim requests as soon as their imports are done."""
        for each in self._workers:
            each.process.start()
            each.started_at = time.monotonic()

    def stop(self) -> None:
        """End all of them together, and their crawls."""
        for each in self._workers:
            each.process.begin_stop()
        for each in self._workers:
            each.process.stop()

    def restart_dead(self) -> Sequence[str]:
        """Start again those that ended by themselves, each after its pause; a sentence for each."""
        sentences = []
        now = time.monotonic()
        for each in self._workers:
            if each.process.alive:
                continue
            if each.start_again_at is None:
                each.ended = 1 if now - each.started_at > SOUND_AFTER_S else each.ended + 1
                each.start_again_at = now + min(LONGEST_PAUSE_S, 2.0 ** min(each.ended - 1, 10) - 1)
            if now >= each.start_again_at:
                how = f"{each.process.name} had ended by itself (code {each.process.exit_code})"
                sentences.append(f"{how} and was started again.")
                each.process.start()
                each.started_at, each.start_again_at = now, None
        return sentences
