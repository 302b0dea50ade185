"""Finds a Chromium on this machine, or installs one: ``python -m pipeline.chromium``, as `make env` calls it.

Playwright's own comes first, since it is the version Playwright was tested with; where it cannot be downloaded,
the system's; where there is none, the distribution's package, if this process may install it. `LETAPIS_CHROMIUM`
names one by hand. Ubuntu's `chromium-browser` is a door to a snap that sees no hidden folders: it does not count.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from pipeline.config.settings import load_settings

SYSTEM_NAMES: Final = ("chromium", "google-chrome-stable", "google-chrome")

DOWNLOAD_S: Final = 900
"""180 MB; a line that needs longer is as good as none."""

HOW: Final = (
    "No Chromium was found. Install one with `sudo apt-get install chromium` (Debian), "
    "`.venv/bin/playwright install --with-deps chromium` (anywhere the download works), "
    "or name one in LETAPIS_CHROMIUM."
)


_STARTED: Final[dict[Path, "Chromium"]] = {}


class NoBrowserError(Exception):
    """A source needs a browser, and none is installed on this machine."""


@dataclass(frozen=True)
class Chromium:
    """A browser that Playwright can drive: its program, its version as it says it, and whose it is."""

    program: Path
    version: str
    origin: Literal["named", "playwright", "system"]


def find_chromium(named: Path | None = None) -> Chromium | None:
    """The browser to use, None where there is none that starts; ``named`` is the setting `chromium`."""
    if named is not None:
        return _that_starts(named, "named")
    own = _playwrights_own()
    found = _that_starts(own, "playwright") if own else None
    return found or _systems()


def _systems() -> Chromium | None:
    for name in SYSTEM_NAMES:
        if (program := shutil.which(name)) and (found := _that_starts(Path(program), "system")):
            return found
    return None


def _playwrights_own() -> Path | None:
    """Where `playwright install` puts the revision that this Playwright wants, if it is there."""
    package = find_spec("playwright")
    if package is None or package.origin is None:
        return None
    listed = Path(package.origin).parent / "driver" / "package" / "browsers.json"
    browsers = json.loads(listed.read_text("utf-8"))["browsers"]
    revision = next(browser["revision"] for browser in browsers if browser["name"] == "chromium")
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return next(iter(cache.glob(f"chromium-{revision}/chrome-linux*/chrome")), None)


def _that_starts(program: Path, origin: Literal["named", "playwright", "system"]) -> Chromium | None:
    """The browser, if it can say its version: a program whose libraries are missing cannot.

    One that could is not started again by this process to say it: that takes longer than fetching many a page.
    """
    known = _STARTED.get(program)
    if known is not None and program.exists():
        return known
    try:
        ran = subprocess.run(
            [str(program), "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if ran.returncode or not ran.stdout.strip():
        return None
    _STARTED[program] = Chromium(program, ran.stdout.strip(), origin)
    return _STARTED[program]


def install_chromium() -> Chromium | None:
    """Install a browser by the first way that works; None where none does. Prints what it does on stderr."""
    if _download_playwrights_own() and (found := find_chromium()):
        return found
    if found := _systems():
        return found
    return find_chromium() if _install_package() else None


def _download_playwrights_own() -> bool:
    _print_progress("Chromium: downloading Playwright's own ...")
    playwright = str(Path(sys.executable).with_name("playwright"))
    try:
        done = subprocess.run(
            [playwright, "install", "chromium"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DOWNLOAD_S,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        _print_progress(f"Chromium: Playwright's own cannot be had ({problem}).")
        return False
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("Error")), "no reason given")
        _print_progress(f"Chromium: Playwright's own cannot be had ({reason}).")
        return False
    own = _playwrights_own()
    if own is not None and _that_starts(own, "playwright") is None and (root := _as_root()) is not None:
        _print_progress("Chromium: installing the libraries it needs ...")
        subprocess.run([*root, playwright, "install-deps", "chromium"], stdout=subprocess.DEVNULL)
    return True


def _install_package() -> bool:
    apt_get, root = shutil.which("apt-get"), _as_root()
    if apt_get is None or root is None:
        return False
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", apt_get, "-q", "-y"]
    for arguments in (["update"], ["install", "--no-install-recommends", "chromium"]):
        _print_progress(f"Chromium: apt-get {' '.join(arguments)} ...")
        done = subprocess.run([*root, *quiet, *arguments], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return not done.returncode


def _as_root() -> list[str] | None:
    """What to put before a command that root must run; None where that would need a password."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None or subprocess.run([sudo, "--non-interactive", "true"], capture_output=True).returncode:
        return None
    return [sudo, "--non-interactive"]


def _print_progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Find or install, and print its path. Exit code 1, with the ways out, where there is none."""
    found = find_chromium(load_settings().chromium)
    if found is None or found.origin == "system":
        found = install_chromium() or found
    if found is None:
        _print_progress(HOW)
        return 1
    _print_progress(f"Chromium: {found.version}, {found.origin}")
    sys.stdout.write(f"{found.program}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
