"""Makes the peers' own environments, each with its own versions, in a folder outside the repository.

In: a folder and a peer's name. Out: the folder of its programs. What each holds and why stands in ``peers.md``.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = {
    "warcprox": ["warcprox==2.6.1", "setuptools<80"],
    "webarchive": ["scrapy-webarchive==0.5.3", "scrapy<2.12", "w3lib<2.2", "twisted<24.8"],
    "cdxj": ["cdxj-indexer==1.4.5"],
    "pywb": ["pywb==2.10.0", "setuptools<80"],
    "wacz": ["wacz==0.6.0"],
}
UV = Path(sys.executable).parent / "uv"


def programs_of(peer: str, folder: Path) -> Path:
    """Make the environment unless it is there; returns its folder of programs. Only one process makes it."""
    place = folder / peer
    marker = place / "made-of"
    wanted = "\n".join(REQUIREMENTS[peer])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{peer}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists() or marker.read_text() != wanted:
            subprocess.run([UV, "venv", "-q", "--clear", "--python", sys.executable, place], check=True)
            subprocess.run(
                [UV, "pip", "install", "-q", "--python", place / "bin" / "python", *REQUIREMENTS[peer]], check=True
            )
            marker.write_text(wanted)
    return place / "bin"
