"""Folders for evidence, hashes and secrets: their owner's alone, whatever umask the process was started with.

In: a path. Guaranteed: the folder is there, and every folder made on the way to it is closed to others; one that
was open and is ours is closed, unless other things may lie in it (`folder_of_secret`). ``Path.mkdir(mode=0o700,
parents=True)`` does not do that: it makes parents by the umask, and leaves a folder that is there as it is.
"""

import os
from pathlib import Path
from typing import Final

OTHERS: Final = 0o077


def closed_folder(path: Path) -> Path:
    """Make the folder, or close the one that is there; returns it."""
    _make_parents(path)
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.stat()
    if found.st_mode & OTHERS and found.st_uid == os.geteuid():
        path.chmod(found.st_mode & 0o700)
    return path


def new_closed_folder(path: Path) -> Path:
    """Make the folder; raises ``FileExistsError`` where something stands there. Returns it."""
    _make_parents(path)
    path.mkdir(mode=0o700)
    return path


def folder_of_secret(path: Path) -> Path:
    """Make the folder that a setting names for one file; returns it.

    One that is there stays as it is: other things may lie in it, such as a database that another user runs, and
    the file is its owner's alone by its own mode.
    """
    _make_parents(path)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _make_parents(path: Path) -> None:
    for missing in reversed([each for each in path.parents if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
