"""What an engine's process is given by the process that starts it: one line, or two where the job comes later."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crawlers.browser.browser_wanted import BrowserWanted
from crawlers.model.job import CrawlJob
from crawlers.model.login import BrowserLogin, LoginSign
from crawlers.model.serialization import job_to_json
from crawlers.recorder.proxy import RecorderAddress


def engine_beforehand(browser: BrowserWanted | None) -> bytes:
    """The first line for an engine whose job comes later: it does its imports, and starts this browser."""
    row = {"parent": os.getpid(), "browser": None if browser is None else asdict(browser)}
    return json.dumps({"beforehand": row}).encode() + b"\n"


def engine_input(
    job: CrawlJob,
    recorder: RecorderAddress,
    folder: Path,
    chromium: Path | None,
    login: BrowserLogin | None = None,
) -> bytes:
    """The job, on the last line of standard input. ``folder`` holds the sockets for captures and for slots."""
    row = {
        "job": job_to_json(job),
        "recorder": asdict(recorder),
        "folder": str(folder),
        "chromium": None if chromium is None else str(chromium),
        "parent": os.getpid(),
        "login": None if login is None else asdict(login),
    }
    return json.dumps(row).encode()


def login_of(row: Mapping[str, Any]) -> BrowserLogin | None:
    """The login that the engine's input lends; None where the crawl has none."""
    lent = row.get("login")
    return None if lent is None else BrowserLogin(lent["profile"], LoginSign(**lent["sign"]), lent["state"])
