"""What yt-dlp's process is given by the process that starts it."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from crawlers.model.json_form import to_json
from crawlers.recorder.proxy import RecorderAddress
from crawlers.video.players import PlayerPage
from crawlers.watchlist.source import VideoLimits


def video_input(
    page: PlayerPage,
    *,
    limits: VideoLimits,
    recorder: RecorderAddress,
    user_agent: str,
    folder: Path,
    scratch: Path,
) -> bytes:
    """One JSON object for standard input. ``folder`` holds the socket for slots, ``scratch`` is its own."""
    row = {
        "page": to_json(page),
        "limits": to_json(limits),
        "recorder": asdict(recorder),
        "user_agent": user_agent,
        "folder": str(folder),
        "scratch": str(scratch),
        "parent": os.getpid(),
    }
    return json.dumps(row).encode()


def video_environment(scratch: Path) -> dict[str, str]:
    """The whole environment of that process: nothing of ours, nothing to run, no home but the scratch folder."""
    own = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return own | {
        "PATH": "/nonexistent",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LC_ALL": "C.UTF-8",
        "YTDLP_NO_PLUGINS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
