"""The files beside a crawl's WARC files: what it was told and what it reports."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

JOB_NAME: Final = "job.json"
REPORT_NAME: Final = "report.json"


def write_json(path: Path, row: Mapping[str, Any]) -> None:
    """Write the file whole or not at all; readable by its owner alone."""
    draft = path.with_name(f"{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(row, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
