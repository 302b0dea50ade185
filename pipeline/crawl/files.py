"""The files beside a crawl's WARC files: its job and its report."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

JOB_NAME: Final = "job.json"
REPORT_NAME: Final = "report.json"


REPORT_ROOM_BYTES: Final = 64 << 10
"""A report with some hundred failures and remarks fits in."""


def reserve_room(path: Path, length_bytes: int) -> None:
    """Take disk for a file that ``write_json`` will write, so that a disk that fills up does not silence it.

    Raises ``OSError`` where there is no room already.
    """
    descriptor = os.open(_draft(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, length_bytes)
    finally:
        os.close(descriptor)


def write_json(path: Path, row: Mapping[str, Any]) -> None:
    """Write the file whole or not at all, into room reserved for it if any; readable by its owner alone."""
    draft = _draft(path)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(row, file, ensure_ascii=False)
        file.truncate()  # what was reserved and not needed; not before, or others might take it
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _draft(path: Path) -> Path:
    return path.with_name(f"{path.name}.draft")
