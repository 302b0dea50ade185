"""Has the embedded store give up the disk blocks of what was removed from it.

In: the folder of a running store. Out: whether it took the command. SeaweedFS only appends to its volumes, and
keeps the bytes of a removed object until a volume is compacted, by itself once 30 % of it are such bytes: after a
purge that is too late. It knows of a removal some seconds later, so the command is to be given again. Source:
SeaweedFS wiki, "Volume Management", ``volume.vacuum`` (tried with 4.48).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

COMPACT: Final = "lock\nvolume.vacuum -garbageThreshold 0\nunlock\nexit\n"
MAY_TAKE_S: Final = 3600.0
"""Volumes of 30 GB are written anew without what was removed."""


def free_blocks(folder: Path) -> bool:
    """Compact every volume that holds bytes of removed objects; False where no store over this folder answers."""
    config = folder.resolve() / "config"
    try:
        ports: dict[str, int] = json.loads((config / "ports.json").read_text("utf-8"))
        master = f"127.0.0.1:{ports['master.port']}.{ports['master.port.grpc']}"
        done = subprocess.run(
            [str(Path(sys.executable).with_name("weed")), "shell", f"-master={master}"],
            cwd=config,  # where security.toml and the certificate are looked for
            input=COMPACT,
            capture_output=True,
            text=True,
            timeout=MAY_TAKE_S,
            check=False,
        )
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
