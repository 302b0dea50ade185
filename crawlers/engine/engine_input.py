"""What an engine's process is given by the process that starts it."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from crawlers.model.job import CrawlJob
from crawlers.model.serialization import job_to_json
from crawlers.recorder.proxy import RecorderAddress


def engine_input(job: CrawlJob, recorder: RecorderAddress, folder: Path, chromium: Path | None) -> bytes:
    """One JSON object for standard input. ``folder`` holds the sockets for captures and for slots."""
    row = {
        "job": job_to_json(job),
        "recorder": asdict(recorder),
        "folder": str(folder),
        "chromium": None if chromium is None else str(chromium),
        "parent": os.getpid(),
    }
    return json.dumps(row).encode()
