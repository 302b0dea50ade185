"""A replay for our own code alone: gateway and pywb on loopback, for as long as a piece of work takes.

In: the archive, a folder, pywb's program. Out: `OwnReplay`: its address, and what makes the addresses of pages.
Its key is made for it and kept nowhere, so that nobody else gets in, and what it shows is seen by no person:
the access log gets nothing. Raises `ServiceError`.
"""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from access.rendering.translations import load_languages
from access.replay.capability import KEY_BYTES, LIFETIME, CapabilitySeal, ReplayCapability, ScriptMode
from access.replay.gateway import Gateway, ReplayHost
from access.replay.index_lines import replay_path
from access.replay.pywb_source import PywbSource
from access.replay.slots import Slots
from pipeline.replay.pywb_process import PywbPlace, PywbProcess
from pipeline.replay.server import LOOPBACK, SLOTS, default_replay_url, free_port, listening_at, quiet_server
from pipeline.supervise.processes import ServiceError
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import Capture

START_S: Final = 60.0
END_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class OwnReplay:
    """``url`` is where it answers, a name below ``localhost``; ``alive`` whether all of its parts still run."""

    url: str
    seal: CapabilitySeal
    alive: Callable[[], bool]

    def address(self, capture: Capture, scripts: ScriptMode) -> str:
        """Where the capture is shown; whoever asks with ``allowed`` has made sure that its browser is held."""
        capability = ReplayCapability(
            viewer=EVERYONE,
            crawl_id=capture.crawl_id,
            capture_id=capture.id,
            expires_at=datetime.now(UTC) + LIFETIME,
            archive_origin=self.url,
            scripts=scripts,
        )
        return f"{self.url}/{self.seal.seal(capability)}/{replay_path(capture)}"


@contextmanager
def own_replay(
    archive: Archive, program: Path, folder: Path, *, home: Path, given: Callable[[Capture], None]
) -> Iterator[OwnReplay]:
    """The replay while the block runs; ``given`` gets each capture whose record it reads, from another thread."""
    seal = CapabilitySeal(os.urandom(KEY_BYTES))
    slot_names = [f"s{number:02}{secrets.token_hex(24)}" for number in range(SLOTS)]
    slots, secret = Slots(slot_names), secrets.token_urlsafe(32)
    inner, outer, pywb_port = listening_at(0), listening_at(0), free_port()
    url = default_replay_url(outer.getsockname()[1])
    place = PywbPlace(pywb_port, f"http://{LOOPBACK}:{inner.getsockname()[1]}", secret, slot_names, framed=False)
    pywb = PywbProcess(program, folder, place, home=home)
    host = ReplayHost(url, f"http://{LOOPBACK}:{pywb_port}")
    gateway = Gateway(host, seal, slots, lambda: archive, dict(load_languages()))
    source = PywbSource(secret, slots, lambda: archive, given=given)
    servers = (quiet_server(gateway.app()), quiet_server(source.app()))

    async def serve() -> None:
        await asyncio.gather(servers[0].serve(sockets=[outer]), servers[1].serve(sockets=[inner]))

    serving = threading.Thread(target=lambda: asyncio.run(serve()), name="own replay", daemon=True)
    try:
        pywb.start()
        serving.start()
        _wait_for(lambda: all(server.started for server in servers), serving)
        yield OwnReplay(url, seal, lambda: pywb.alive and serving.is_alive())
    finally:
        for server in servers:
            server.should_exit = True
        if serving.ident is not None:
            serving.join(END_S)
        pywb.stop()
        inner.close()
        outer.close()


def _wait_for(ready: Callable[[], bool], serving: threading.Thread) -> None:
    waiting = threading.Event()
    for _ in range(int(START_S / 0.05)):
        if ready():
            return
        if not serving.is_alive():
            break
        waiting.wait(0.05)
    raise ServiceError("The replay for our own use did not start. Nothing was changed; try again.")
