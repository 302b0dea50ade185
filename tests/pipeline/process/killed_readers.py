"""A process that reads files of an archive, to be killed at any moment."""

import signal
import subprocess
import sys

from pipeline.config.settings import ROOT, Settings
from pipeline.supervise.processes import is_alive
from tests.pipeline.crawl.test_crawl_process import descendants, wait_until
from tests.storage.killed_deposits import environment

READER = """
import sys
from importlib import import_module
from pathlib import Path
from pipeline.config.settings import load_settings
read = getattr(import_module(sys.argv[1]), sys.argv[2])
settings = load_settings(dotenv=Path("/nonexistent"))
print("ready", flush=True)
read(settings)
"""


def start_reader(module: str, function: str, settings: Settings) -> "subprocess.Popen[bytes]":
    """One that calls the function with the settings; returns when it is about to."""
    child = subprocess.Popen(
        [sys.executable, "-c", READER, module, function],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def kill_reader(child: "subprocess.Popen[bytes]") -> None:
    """The reader alone; the decoders and parsers that it had started must end by themselves."""
    family = descendants(child.pid)
    child.send_signal(signal.SIGKILL)
    child.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in family))
