"""pywb as a process beside ours: on loopback, with a configuration that lets it ask the gateway and nobody else.

In: a folder, ports, the secret and the slots by which it asks back. Out: its address. Guaranteed: it has no key of
store or database; its proxy for whatever is not loopback is a dead port, and its loader of live pages has no
address; it serves neither its own pages of search nor recording. Source: pywb manual, configuration (version 2.10,
read 2026-11).
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from pipeline.supervise.processes import SupervisedProcess
from storage.private_folder import closed_folder

START_S: Final = 120.0
"""Measured 2 s; the rest is for a machine under load."""

NOWHERE: Final = "http://127.0.0.1:9"
"""The discard port: whatever would leave the machine ends here."""


NO_BANNER: Final = "no_banner.html"


@dataclass(frozen=True, slots=True)
class PywbPlace:
    """Where pywb listens, and where and with which secret and slots it asks back.

    ``framed``: pages stand in a frame of ours; otherwise one that fills a tab stays there.
    """

    port: int
    source_url: str
    secret: str
    slots: Sequence[str]
    framed: bool = True


class PywbProcess:
    """pywb over one folder, which holds its configuration and its log."""

    def __init__(self, program: Path, folder: Path, place: PywbPlace, *, home: Path) -> None:
        self._place = place
        self._folder = closed_folder(folder)
        self._process = SupervisedProcess(
            name="pywb",
            command=[str(program), "-b", "127.0.0.1", "-p", str(place.port)],
            home=home,
            log=folder / "pywb.log",
            cwd=folder,
            env={
                "PATH": f"{program.parent}:/usr/bin:/bin",
                "HOME": str(folder),
                "LANG": "C.UTF-8",
                "http_proxy": NOWHERE,
                "https_proxy": NOWHERE,
                "no_proxy": "127.0.0.1,localhost",
            },
            grace_s=2.0,
        )

    def start(self) -> None:
        """Start it; returns when it listens. Raises `pipeline.supervise.processes.ServiceError`."""
        self._write_config()
        self._process.start()
        self._process.wait_until(self._listens, timeout_s=START_S)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.alive

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._place.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _write_config(self) -> None:
        place = self._place
        collections = {
            slot: {
                "index": {
                    "type": "cdx",
                    "api_url": f"{place.source_url}/{place.secret}/index/{slot}?url={{url}}&closest={{closest}}",
                    "replay_url": "",  # where pywb would fetch a live page from
                },
                "archive_paths": f"{place.source_url}/{place.secret}/record/",
            }
            for slot in place.slots
        }
        config = {
            "collections": collections,
            "enable_auto_colls": False,
            "enable_auto_fetch": False,
            "csp-header": "",
            "framed_replay": place.framed,
        }
        if not place.framed:  # pywb would put its own banner above the page
            (self._folder / "templates").mkdir(exist_ok=True)
            (self._folder / "templates" / NO_BANNER).write_text("", "utf-8")
            config["custom_banner_html"] = NO_BANNER
        target = self._folder / "config.yaml"
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            yaml.safe_dump(config, file)
