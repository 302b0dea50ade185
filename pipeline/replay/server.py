"""The replay host as it runs: the gateway for browsers, its inner door for pywb, and pywb, all ended together.

In: `Settings` that name database, store and the replay's key. Out: a server that answers until it is stopped.
Raises `SettingsError`, `ReplayEnvironmentError`, `ReplayKeyError` and `ServiceError`. A pywb that ends by itself
is started again.
"""

import asyncio
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

import uvicorn

from access.rendering.translations import load_languages
from access.replay.capability import CapabilitySeal, read_replay_key
from access.replay.gateway import Gateway, ReplayHost
from access.replay.pywb_source import PywbSource
from access.replay.slots import Slots
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import Settings
from pipeline.replay.environment import HOW, ReplayEnvironmentError, wayback_program
from pipeline.replay.pywb_process import PywbPlace, PywbProcess
from pipeline.supervise.processes import ServiceError
from storage.archive import Archive

SLOTS: Final = 8
"""Requests that pywb works on at once: it has one processor, and each slot keeps its rules in memory."""

LOOPBACK: Final = "127.0.0.1"


def default_replay_url(port: int) -> str:
    """The replay host's name on one machine: browsers know names below ``localhost`` as loopback (RFC 6761)."""
    return f"http://replay.localhost:{port}"


def serve_replay(settings: Settings, *, port: int, on_ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve on this loopback port until the process is told to end; ``on_ready`` gets the host's address."""
    program = wayback_program()
    if program is None:
        raise ReplayEnvironmentError(f"pywb's environment is missing. {HOW}")
    seal = CapabilitySeal(read_replay_key(settings.replay_key_file))
    url = settings.replay_url or default_replay_url(port)
    # slots and secret are new at each start: whoever reads an old configuration has nothing
    slot_names = [f"s{number:02}{secrets.token_hex(24)}" for number in range(SLOTS)]
    asyncio.run(_serve(settings, program, seal, url, port, slot_names, on_ready))


async def _serve(
    settings: Settings,
    program: Path,
    seal: CapabilitySeal,
    url: str,
    port: int,
    slot_names: list[str],
    on_ready: Callable[[str], None],
) -> None:
    @cache
    def archive() -> Archive:
        return open_archive(settings)

    slots, secret = Slots(slot_names), secrets.token_urlsafe(32)
    inner, outer, pywb_port = listening_at(0), listening_at(port), free_port()
    place = PywbPlace(pywb_port, f"http://{LOOPBACK}:{inner.getsockname()[1]}", secret, slot_names)
    pywb = PywbProcess(program, settings.data / "replay", place, home=settings.data)
    gateway = Gateway(
        ReplayHost(url, f"http://{LOOPBACK}:{pywb_port}"), seal, slots, archive, dict(load_languages())
    )
    servers = (quiet_server(gateway.app()), quiet_server(PywbSource(secret, slots, archive).app()))
    pywb.start()
    try:
        on_ready(url)
        watching = asyncio.create_task(_keep(pywb))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _end, servers)
        await asyncio.gather(servers[0].serve(sockets=[outer]), servers[1].serve(sockets=[inner]))
        watching.cancel()
    finally:
        pywb.stop()


class QuietServer(uvicorn.Server):
    """A server that leaves signals to who runs two of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def _end(servers: tuple[uvicorn.Server, ...]) -> None:
    for server in servers:
        server.should_exit = True


async def _keep(pywb: PywbProcess) -> None:
    while True:
        await asyncio.sleep(1)
        if not pywb.alive:
            with suppress(ServiceError):  # tried again a second later
                await asyncio.to_thread(pywb.start)


def quiet_server(app: object) -> QuietServer:
    """A server of ours on a socket that is handed to it."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application, which uvicorn spells out
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return QuietServer(config)


def listening_at(port: int) -> socket.socket:
    """A socket that listens on this port of loopback, 0: any."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    return listener


def free_port() -> int:
    """A port that nobody uses now."""
    with listening_at(0) as listener:
        port: int = listener.getsockname()[1]
        return port
