"""pywb's own environment, beside ours: made from `pywb.lock`, which has hashes and no addresses.

pywb needs `redis==2.10.6` and an older `cryptography` than we do, and is under the GPLv3: it is run, never
imported. In: nothing but the lock and the registries of uv or pip. Out: the program `wayback`. Raises
`ReplayEnvironmentError`.
"""

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from pipeline.config.settings import ROOT

LOCK: Final = Path(__file__).with_name("pywb.lock")
FOLDER: Final = ROOT / ".venv" / "pywb"
STAMP: Final = FOLDER / "made-from"

BUILDER: Final = "setuptools"
"""One package, surt, is published as source alone; it is built with the locked builder and no other."""

HOW: Final = "Run `make env`, which makes it within a minute from the package registries."


class ReplayEnvironmentError(Exception):
    """pywb's environment could not be made; the operator reads why. All but the replay works without."""


def wayback_program() -> Path | None:
    """pywb's program in an environment made from the present lock; None where there is none."""
    program = FOLDER / "bin" / "wayback"
    try:
        made_from = STAMP.read_text("utf-8")
    except OSError:
        return None
    return program if made_from == _digest() and program.is_file() else None


def make_environment() -> Path:
    """The program; the environment is made where it is missing or made from another lock."""
    found = wayback_program()
    if found is not None:
        return found
    uv = Path(sys.executable).with_name("uv")
    if not uv.is_file():
        raise ReplayEnvironmentError(f"{uv} is missing, which makes pywb's environment. {HOW}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    python = str(FOLDER / "bin" / "python")
    lock = LOCK.read_text("utf-8")
    builder = FOLDER / "builder.lock"
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(FOLDER))
    builder.write_text(_entry_of(BUILDER, lock), "utf-8")
    install = ("pip", "install", "--quiet", "--python", python, "--require-hashes", "-r")
    _run(uv, *install, str(builder))
    _run(uv, *install, str(LOCK), "--no-build-isolation")
    STAMP.write_text(_digest(), "utf-8")
    return FOLDER / "bin" / "wayback"


def _entry_of(package: str, lock: str) -> str:
    """The lines of one package in a lock: its pin and its hashes."""
    lines = lock.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    return "\n".join(lines[start : end + 1]) + "\n"


def _digest() -> str:
    return sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        [str(each) for each in command], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        shutil.rmtree(FOLDER, ignore_errors=True)
        raise ReplayEnvironmentError(f"pywb's environment could not be made: {done.stderr.strip()[-2000:]}")


def main() -> int:
    """Make it, for `make env`; a machine that cannot have it has everything but the replay."""
    try:
        make_environment()
    except ReplayEnvironmentError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
