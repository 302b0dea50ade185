"""Commands as a person types them, without loading the program anew for each: what most tests of commands need.

Each runs in a process of its own, forked from one that has loaded the program
(`tests.pipeline.command_processes`). Whatever is about starting the interpreter itself starts one.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config.settings import ROOT


class CommandProcesses:
    """The process from which commands are forked; it ends with `end` or with this one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipeline.command_processes"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, case: dict[str, Any]) -> dict[str, Any]:
        """One command as `command_processes` takes it: gives ``code``, ``out`` and ``err``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        ran: dict[str, Any] = json.loads(self._process.stdout.readline())
        return ran

    def end(self) -> None:
        """Let go of the process."""
        self._process.communicate()


_of_this_process: list[CommandProcesses] = []


def typed(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT, umask: int = 0o022
) -> "subprocess.CompletedProcess[str]":
    """`letapis` with these arguments, with the environment as it is now where none is given."""
    if not _of_this_process:
        _of_this_process.append(CommandProcesses())
        atexit.register(_of_this_process[0].end)
    ran = _of_this_process[0].run(
        {
            "argv": arguments,
            "env": dict(os.environ if env is None else env),
            "cwd": str(cwd),
            "umask": umask,
            "stdout": "file",
            "encoding": "utf-8",
        }
    )
    return subprocess.CompletedProcess(["letapis", *arguments], ran["code"], ran["out"], ran["err"])
