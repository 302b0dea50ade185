"""A crawl in forks of a process that has done all imports: its keeper, its own process, its engine, its parsers.

In: the engine that is wanted, and four files: what the keeper listens to, where progress and log go, and the pipe
from which the job comes (`pipeline.crawl.prepared_crawl`). Out: the exit code, as that of any crawl. Each of the
four has the memory of the process that forked it, in which there is no job, no page and no secret: the engine and
the parsers are forked before the job comes.
"""

import asyncio
import os
import signal
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from crawlers.engine.__main__ import main as run_engine
from pipeline.crawl.crawl_process import LONGEST_LINE_BYTES, run_prepared_process
from pipeline.supervise.keeper import keep

BROKEN: Final = 70
"""EX_SOFTWARE of sysexits.h."""


class ForkedEngine:
    """An engine's process as `asyncio.subprocess.Process` has it; a child of this one.

    Forked by `fork_engine`, before there is an event loop; `attached` to one before anything else.
    """

    def __init__(self, pid: int, to_engine: int, from_engine: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stderr: asyncio.StreamReader | None = None
        self._files = (os.fdopen(to_engine, "wb", buffering=0), os.fdopen(from_engine, "rb", buffering=0))
        self._ended = asyncio.Event()

    async def attached(self) -> "ForkedEngine":
        """Have the running loop read its pipes and see its end."""
        loop = asyncio.get_running_loop()
        writing, reading = self._files
        self.stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, writing)
        self.stdout = asyncio.StreamReader(limit=LONGEST_LINE_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self.stdout), reading)
        descriptor = os.pidfd_open(self.pid)
        loop.add_reader(descriptor, self._collect, descriptor)
        return self

    async def wait(self) -> int:
        """Its exit code, once it has ended; minus a signal's number where one ended it."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """Signal it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.returncode is None:  # not collected: the number is its own
            os.kill(self.pid, number)

    def _collect(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()


def keep_forked_crawl(wanted: Mapping[str, Any], files: Sequence[int]) -> int:
    """Be the keeper of a crawl's process that is forked from this one; returns the exit code."""
    told, progress, log, job = files
    os.setsid()
    for number, file in enumerate((told, progress, log)):
        os.dup2(file, number)
        os.close(file)
    chromium = None if wanted["chromium"] is None else Path(wanted["chromium"])

    def run() -> None:
        os._exit(_run_crawl(chromium, wanted["user_agent"], job))

    return keep(run, signal.SIGTERM, wanted["grace_s"])


def _run_crawl(chromium: Path | None, user_agent: str, job: int) -> int:
    """The crawl's own process: exit code 0 when its report was written, or where no job came."""
    try:
        engine = fork_engine(job)
        uvloop.run(run_prepared_process(engine.attached(), job, chromium, user_agent))
    except BaseException:
        traceback.print_exc()
        return BROKEN
    return 0


def fork_engine(not_its_own: int) -> ForkedEngine:
    """Fork the engine's process, which finds its pipes on standard input and output and has no other file.

    ``not_its_own`` is a file of ours that it does not get.
    """
    its_input, to_engine = os.pipe()
    from_engine, its_output = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = BROKEN
        try:
            os.dup2(its_input, 0)
            os.dup2(its_output, 1)
            for each in (its_input, its_output, to_engine, from_engine, not_its_own):
                os.close(each)
            run_engine(forked=True)
            code = 0
        except SystemExit as ended:
            code = BROKEN if ended.code else 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(its_input)
    os.close(its_output)
    return ForkedEngine(pid, to_engine, from_engine)
