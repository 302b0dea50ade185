"""A crawl's process that is started before its job is known: it has done its imports, and does one job.

In: the engine it will work with. Out: `PreparedCrawl`, to which `pipeline.crawl.launcher.run_crawl` hands the job
through a pipe: the folder, what other crawls are given in their environment, and the key by which files are
signed; none of it stands in a file or on a command line. Guaranteed: it stands under a keeper of its own, as every
crawl, and ends with the process that started it; what it and its engine log goes to the log of whoever hands over
the job, or nowhere, as that process has it while the crawl runs.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from pipeline.supervise.processes import KEEPER

PREPARED: Final = "--prepared"
"""Instead of a folder on the command line of a crawl's process."""

JOB_DESCRIPTOR: Final = "LETAPIS_CRAWL_JOB_FROM"
"""The variable that names the descriptor from which the process reads its job."""

MOST_AGE_S: Final = 86_400.0
"""What has waited longer is ended and not used: a browser's certificates are made for days, its leaks are not."""

PAUSE_S: Final = 30.0
"""After one that ended while it waited: what lets it end may let the next one end, too."""

MOST_LOG_BYTES: Final = 1 << 20
"""Of what a crawl's processes log; the end of it is kept."""


@dataclass(frozen=True, slots=True)
class HandedJob:
    """What a prepared crawl is handed; ``signing_secret`` is None where it signs nothing."""

    folder: Path
    variables: Mapping[str, str]
    signing_secret: bytes | None

    def encoded(self) -> bytes:
        """As one line."""
        secret = None if self.signing_secret is None else base64.b64encode(self.signing_secret).decode()
        row = {"folder": str(self.folder), "variables": dict(self.variables), "signing_secret": secret}
        return json.dumps(row).encode() + b"\n"


class PreparedCrawl:
    """One process that waits for its job. ``chromium`` None: it fetches over HTTP, and starts no browser.

    ``grace_s`` is how long the crawl may take to close its files when it has to stop.
    """

    def __init__(self, *, chromium: Path | None, user_agent: str, grace_s: float) -> None:
        self.chromium = chromium
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._begun = time.monotonic()
        self._writing: int | None
        reading, self._writing = os.pipe()
        crawl = [sys.executable, "-m", "pipeline.crawl", PREPARED, str(chromium or ""), user_agent]
        stop = [str(int(signal.SIGTERM)), str(grace_s), "-", "-"]
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), *stop, *crawl],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                start_new_session=True,
                env={**os.environ, JOB_DESCRIPTOR: str(reading)},
                pass_fds=(reading,),
            )
        finally:
            os.close(reading)

    @property
    def usable(self) -> bool:
        """Whether it lives and has not waited too long."""
        return self.process.poll() is None and time.monotonic() - self._begun < MOST_AGE_S

    def hand_over(self, job: HandedJob) -> None:
        """Have it begin; raises `BrokenPipeError` where it has died."""
        with os.fdopen(self._take_pipe(), "wb") as pipe:
            pipe.write(job.encoded())

    def pass_on_log(self) -> None:
        """Write what it logged to where this process logs now, which may be nowhere."""
        length = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, length - MOST_LOG_BYTES))
        with suppress(OSError):  # a log that cannot be written costs no crawl
            os.write(2, self._log.read())
        self._log.close()

    def begin_end(self) -> None:
        """Have it end; returns at once."""
        if self._writing is not None:
            os.close(self._take_pipe())
        if self.process.stdin is not None:
            self.process.stdin.close()

    def end(self) -> None:
        """End it where it has not ended, and return when it has gone."""
        self.begin_end()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()

    def _take_pipe(self) -> int:
        assert self._writing is not None, "a prepared crawl does one job"
        writing, self._writing = self._writing, None
        return writing


def job_from_pipe() -> HandedJob | None:
    """The job that this process is handed; waits for it. None where whoever prepared it needs it no more."""
    with os.fdopen(int(os.environ.pop(JOB_DESCRIPTOR)), "rb") as pipe:
        line = pipe.readline()
    if not line:
        return None
    row: dict[str, Any] = json.loads(line)
    secret = row["signing_secret"]
    return HandedJob(Path(row["folder"]), row["variables"], None if secret is None else base64.b64decode(secret))


class PreparedCrawls:
    """For each engine one that waits: the browser's from the first job on that needs it.

    ``find_chromium`` gives the browser's program, None where there is none.
    """

    def __init__(self, *, user_agent: str, grace_s: float) -> None:
        self._user_agent = user_agent
        self._grace_s = grace_s
        self._waiting: dict[Path | None, PreparedCrawl] = {}
        self._wanted: set[Path | None] = {None}
        self._not_before: dict[Path | None, float] = {}

    def take(self, chromium: Path | None) -> PreparedCrawl | None:
        """One that can begin at once; None where none waits. Whoever takes it ends it."""
        self._wanted.add(chromium)
        found = self._waiting.pop(chromium, None)
        if found is not None and not found.usable:
            found.end()
            return None
        return found

    def prepare(self) -> None:
        """Start those that are missing; returns at once."""
        for chromium in self._wanted:
            found = self._waiting.get(chromium)
            if found is not None and found.usable:
                continue
            if found is not None:
                found.end()
                self._not_before[chromium] = time.monotonic() + PAUSE_S
                del self._waiting[chromium]
            if time.monotonic() < self._not_before.get(chromium, 0.0):
                continue
            self._waiting[chromium] = PreparedCrawl(
                chromium=chromium, user_agent=self._user_agent, grace_s=self._grace_s
            )

    def end(self) -> None:
        """End all that wait."""
        for each in self._waiting.values():
            each.begin_end()
        while self._waiting:
            self._waiting.popitem()[1].end()
