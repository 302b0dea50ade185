"""A crawl's process that is there before its job is known, forked from one that has done its imports.

In: the engine it will work with. Out: `PreparedCrawl`, to which `pipeline.crawl.launcher.run_crawl` hands the job
through a pipe: the folder, what other crawls are given in their environment, and the key by which files are
signed; none of it stands in a file or on a command line. Guaranteed: it stands under a keeper of its own, as every
crawl, and ends with the process that wanted it; what it and its engine log goes to the log of whoever hands over
the job, or nowhere, as that process has it while the crawl runs.
"""

import base64
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from pipeline.crawl.fork_server import ForkServer, ForkServerGone

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

    ``grace_s`` is how long the crawl may take to close its files when it has to stop. Raises `ForkServerGone`.
    """

    def __init__(self, server: ForkServer, *, chromium: Path | None, user_agent: str, grace_s: float) -> None:
        self.chromium = chromium
        self._begun = time.monotonic()
        wanted = {
            "what": "crawl",
            "chromium": None if chromium is None else str(chromium),
            "user_agent": user_agent,
            "grace_s": grace_s,
        }
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        with ExitStack() as theirs:
            told, to_keeper = _pipe(theirs, ours="wb")
            progress, from_crawl = _pipe(theirs, ours="rb")
            job, to_crawl = _pipe(theirs, ours="wb")
            self._keeper_listens, self.progress, self._job = to_keeper, from_crawl, to_crawl
            self.process = server.fork(wanted, [told, progress, self._log.fileno(), job])

    @property
    def usable(self) -> bool:
        """Whether it lives and has not waited too long."""
        return not self.process.poll() and time.monotonic() - self._begun < MOST_AGE_S

    def hand_over(self, job: HandedJob) -> None:
        """Have it begin, once; raises `BrokenPipeError` where it has died."""
        with self._job as pipe:
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
        self._job.close()
        self._keeper_listens.close()

    def end(self) -> int | None:
        """End it where it has not ended; returns its exit code when it has gone, None where nobody knows it."""
        self.begin_end()
        code = self.process.wait()
        self.process.close()
        self.progress.close()
        self._log.close()
        return code


def _pipe(theirs: ExitStack, *, ours: Literal["rb", "wb"]) -> tuple[int, IO[bytes]]:
    """A new pipe: the descriptor of their end, closed with ``theirs``, and our end."""
    reading, writing = os.pipe()
    kept, passed_on = (reading, writing) if ours == "rb" else (writing, reading)
    theirs.callback(os.close, passed_on)
    return passed_on, os.fdopen(kept, ours)


def job_from_pipe(descriptor: int) -> HandedJob | None:
    """The job that this process is handed; waits for it. None where whoever prepared it needs it no more."""
    with os.fdopen(descriptor, "rb") as pipe:
        line = pipe.readline()
    if not line:
        return None
    row: dict[str, Any] = json.loads(line)
    secret = row["signing_secret"]
    return HandedJob(Path(row["folder"]), row["variables"], None if secret is None else base64.b64decode(secret))


class PreparedCrawls:
    """One that waits for HTTP, and one for each program of a browser that a job has wanted."""

    def __init__(self, server: ForkServer, *, user_agent: str, grace_s: float) -> None:
        self._server = server
        self._user_agent = user_agent
        self._grace_s = grace_s
        self._waiting: dict[Path | None, PreparedCrawl] = {}
        self._wanted: set[Path | None] = {None}
        self._not_before: dict[Path | None, float] = {}

    def take(self, chromium: Path | None) -> PreparedCrawl | None:
        """One that can begin at once, for HTTP where ``chromium`` is None; None where none waits.

        Whoever takes it ends it.
        """
        self._wanted.add(chromium)
        found = self._waiting.pop(chromium, None)
        if found is not None and not found.usable:
            found.end()
            return None
        return found

    def prepare(self) -> None:
        """Start those that are missing; does not wait until they are ready."""
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
            with suppress(ForkServerGone):  # a crawl is started afresh then
                self._waiting[chromium] = PreparedCrawl(
                    self._server, chromium=chromium, user_agent=self._user_agent, grace_s=self._grace_s
                )

    def end(self) -> None:
        """End all that wait."""
        for each in self._waiting.values():
            each.begin_end()
        while self._waiting:
            self._waiting.popitem()[1].end()
