"""What an engine's process is told by the process that starts it."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from crawlers.model.job import CrawlJob
from crawlers.model.serialization import job_to_json
from crawlers.recorder.proxy import RecorderAddress


def engine_input(job: CrawlJob, door: RecorderAddress, handover: Path, chromium: Path | None) -> bytes:
    """What the process is told on standard input."""
    row = {
        "job": job_to_json(job),
        "door": asdict(door),
        "handover": str(handover),
        "chromium": None if chromium is None else str(chromium),
        "parent": os.getpid(),
    }
    return json.dumps(row).encode()
