"""The embedded stack's replay host: the gateway with its pywb, as one process on loopback.

In: the settings of the running stack, whose file `stack.json` the process reads. Out: its address. The port is the
one used last, where that is free, so that a reverse proxy finds it again.
"""

import os
import socket
import sys
from typing import Final

from pipeline.config.settings import ROOT, Settings
from pipeline.devstack.ports import ReservedPort
from pipeline.replay.server import default_replay_url
from pipeline.supervise.processes import ServiceError, SupervisedProcess
from storage.private_folder import closed_folder

START_S: Final = 180.0
"""Measured 4 s, half of it pywb's; the rest is for a machine under load."""

PORT_FILE: Final = "port"


class ReplayServer:
    """The replay host over one data folder; its port is held from the beginning."""

    def __init__(self, settings: Settings) -> None:
        self._folder = closed_folder(settings.data / "replay")
        self._port = self._reserve(settings.replay_port)
        self.url = settings.replay_url or default_replay_url(self._port.port)
        self._process = SupervisedProcess(
            name="The replay host",
            command=[sys.executable, "-m", "pipeline.replay", str(self._port.port)],
            home=settings.data,
            log=self._folder / "replay.log",
            cwd=ROOT,
            env={**os.environ, "LETAPIS_DATA": str(settings.data)},
        )

    def start(self) -> None:
        """Start and wait until it listens; raises `ServiceError`."""
        self._process.start()
        self._process.wait_until(self._listens, timeout_s=START_S)
        (self._folder / PORT_FILE).write_text(str(self._port.port), "utf-8")

    def stop(self) -> None:
        """End it, and pywb with it."""
        self._process.stop()
        self._port.release()

    def restart_if_dead(self) -> bool:
        """Start again one that ended by itself; returns whether it had."""
        if self._process.alive:
            return False
        self.start()
        return True

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _reserve(self, wanted: int | None) -> ReservedPort:
        if wanted:
            if (reserved := ReservedPort.take(wanted)) is None:
                raise ServiceError(
                    f"Port {wanted} (LETAPIS_REPLAY_PORT) is taken. End the program there, or name another port."
                )
            return reserved
        try:
            last = ReservedPort.take(int((self._folder / PORT_FILE).read_text("utf-8")))
        except (OSError, ValueError):
            last = None
        return last or ReservedPort.take_any()
