"""Ctrl-C of `letapis harvest` ends the command and not the run; the command says so, and how to end the run."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.settings import ROOT
from pipeline.output import Exit
from tests.pipeline.test_airflow_api import BusyServer, handler_of

pytestmark = pytest.mark.slow

WATCHLIST = "sources:\n  - {id: kanal, kind: telegram, channel: kanal_one}\n"


class AtWork(BusyServer):
    """Every run goes on and on."""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, answer = super().answer(method, path, body)
        return status, {**answer, "state": "running"} if "state" in answer else answer


@pytest.fixture
def at_work() -> Iterator[AtWork]:
    kept = AtWork()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(kept))
    kept.url = f"http://127.0.0.1:{http.server_port}"
    serving = threading.Thread(target=http.serve_forever, daemon=True)
    serving.start()
    yield kept
    http.shutdown()
    serving.join()
    http.server_close()


def test_ctrl_c_of_harvest_says_that_the_run_goes_on_and_how_to_end_it(at_work: AtWork, tmp_path: Path) -> None:
    (tmp_path / "watchlist.yaml").write_text(WATCHLIST, "utf-8")
    harvest = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "harvest", "--source", "kanal"],
        env={
            **os.environ,
            "LETAPIS_DATA": str(tmp_path / "data"),
            "LETAPIS_WATCHLIST": str(tmp_path / "watchlist.yaml"),
            "LETAPIS_AIRFLOW_URL": at_work.url,
            "LETAPIS_AIRFLOW_USER": "admin",
            "LETAPIS_AIRFLOW_PASSWORD": "secret",
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.default_int_handler
        ),  # as a terminal's shell has it
    )
    assert harvest.stderr is not None
    first = harvest.stderr.readline()
    harvest.send_signal(signal.SIGINT)
    out, err = harvest.communicate(timeout=60)

    (run_id,) = at_work.runs
    assert first == "Harvest: planning\n"
    assert (harvest.returncode, out) == (Exit.INTERRUPTED, "")
    assert (
        f"Only this command has ended. The harvest continues in Airflow: {at_work.url}/dags/harvest/runs/" in err
    )
    assert run_id in err
    assert (
        "To stop the harvest, too, choose Mark Run as, failed, on that page. What it has captured is kept." in err
    )
    assert not [each for each in at_work.requests if each.startswith("PATCH")]
