"""Where the demo keeps its data: in a folder of its own below the data folder, which `letapis up` leaves alone."""

import os
from pathlib import Path
from typing import Final

SITES: Final = "sites"
"""The folder of the sample sites, by which a data folder is known as the demo's."""


def is_demo_folder(data: Path) -> bool:
    """Whether a demo has run over this data folder; not of one that this user may not enter."""
    return os.path.isdir(data / SITES)  # noqa: PTH112 # `Path.is_dir` raises where a folder is closed to us


def demo_folder(data: Path) -> Path:
    """The demo's folder; the data folder itself where LETAPIS_DATA names the demo's already."""
    return data if is_demo_folder(data) else data / "demo"
