"""The ``ffmpeg`` program that reads video for us: a process of its own, never a library inside ours.

Every complete build of FFmpeg is under the GPL, those inside Python wheels included (``docs/decisions``), so it
runs beside us. The program of the ``imageio-ffmpeg`` wheel comes first, since the lock file pins it and frames are
then the same on every machine; where there is none for the platform, the one on PATH.
"""

import os
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec

ANSWER_SECONDS = 60.0


class NoProgram(Exception):
    """There is no ``ffmpeg`` that starts; the message says what to install."""


@cache
def program() -> str:
    """Path of the program; raises ``NoProgram``."""
    found = _of_wheel() or shutil.which("ffmpeg")
    if found is None:
        raise NoProgram("no ffmpeg program: run `make env`, or install ffmpeg (`sudo apt-get install ffmpeg`)")
    return found


@cache
def decoder_name() -> str:
    """``ffmpeg <version>``, as readings name what read them; raises ``NoProgram``."""
    try:
        output = subprocess.run(  # noqa: S603  the program found above
            [program(), "-version"], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as problem:
        raise NoProgram(f"{program()} does not start: {problem}") from problem
    return " ".join(output.split()[:3]).replace("ffmpeg version", "ffmpeg")


def _of_wheel() -> str | None:
    """The wheel's one program, without running the wheel's code (which would look at the environment)."""
    spec = find_spec("imageio_ffmpeg")
    if spec is None or spec.origin is None:
        return None
    folder = spec.origin.removesuffix("__init__.py") + "binaries"
    with os.scandir(folder) as entries:
        programs = sorted(entry.path for entry in entries if entry.name.startswith("ffmpeg-"))
    return programs[-1] if programs else None
