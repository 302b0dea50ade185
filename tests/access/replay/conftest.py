"""One replay for all its tests: the hostile site through the real recorder into a store, pages, gateway, pywb."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from access.app import create_app
from access.replay.capability import CapabilitySeal, make_replay_key, read_replay_key
from access.replay.door import ReplayDoor
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.data_folder import write_stack_file
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.replay import ReplayServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from tests.access.replay.hostile_site import HostileSite
from tests.shared_archive import shared_archive_settings
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, response
from tests.typed_commands import typed

CLOSED = "closed"
"""A label that is granted to few."""

ANALYST = Viewer("analyst", Role.COLLECTOR)


@dataclass(frozen=True)
class Replayed:
    """``captures`` by their address, of the hostile site; ``other`` of other crawls; ``pages_url``: our pages.

    ``asked_of_api``: who asked the API that stands beside our pages, as Airflow's does.
    """

    archive: Archive
    door: ReplayDoor
    pages_url: str
    captures: dict[str, Capture]
    other: dict[str, Capture]
    asked_of_api: list[str]

    def view(self, url: str) -> str:
        """The page of ours around a capture."""
        return f"{self.pages_url}/archive/view/{quote(self.captures[url].id, safe='')}"

    def address(self, url: str, viewer: Viewer = ANALYST) -> str:
        """Where the frame leads."""
        capture = self.captures.get(url) or self.other[url]
        return self.door.address(capture, viewer, archive_origin=self.pages_url)

    def get(self, address: str, **headers: str) -> httpx.Response:
        """What the replay host answers to a browser."""
        sent = {"Sec-Fetch-Dest": "iframe", **{name.replace("_", "-"): value for name, value in headers.items()}}
        host = address.split("/")[2]
        with httpx.Client(trust_env=False, timeout=30) as client:
            url = address.replace(host, f"127.0.0.1:{host.rpartition(':')[2]}")
            request = client.build_request("GET", url, headers={"Host": host, **sent})
            request.extensions["target"] = address.partition(host)[2].encode()
            return client.send(request)


@pytest.fixture(scope="session")
def replay_settings(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    services_folder: Path,
) -> Iterator[Settings]:
    name = f"replay_{secrets.token_hex(4)}"
    data = services_folder / "replay"
    with shared_archive_settings(postgres_server, migrated_template, object_store_server, data, name) as settings:
        make_replay_key(settings.replay_key_file)
        yield settings


@pytest.fixture(scope="session")
def replayed(replay_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    settings = replay_settings
    with opened_archive(settings) as archive, _pages_port() as listening:
        archive.objects.ensure_bucket()
        pages_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        captures = _recorded(archive, tmp_path_factory.mktemp("crawl"), pages_url)
        other = _deposited(archive, tmp_path_factory.mktemp("other"))
        settings.data.mkdir(exist_ok=True)
        write_stack_file(settings)
        server = ReplayServer(settings)
        door = ReplayDoor(server.url, CapabilitySeal(read_replay_key(settings.replay_key_file)))
        asked_of_api: list[str] = []
        pages = _pages(archive, door, asked_of_api)
        server.start()
        serving = threading.Thread(target=pages.run, kwargs={"sockets": [listening]}, daemon=True)
        serving.start()
        while not pages.started:
            time.sleep(0.05)
        yield Replayed(archive, door, pages_url, captures, other, asked_of_api)
        pages.should_exit = True
        serving.join(20)
        server.stop()


def _pages_port() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


def _pages(archive: Archive, door: ReplayDoor, asked_of_api: list[str]) -> uvicorn.Server:
    """Our pages as Airflow has them: below a prefix, beside an API that the user's cookie opens."""
    host = FastAPI()

    @host.get("/api/v2/dags")
    def dags(request: Request) -> JSONResponse:
        asked_of_api.append(request.headers.get("origin", "no origin"))
        has_cookie = request.cookies.get("_token") == "SECRET"
        return JSONResponse({"opened": has_cookie}, 200 if has_cookie else 401)

    host.mount("/archive", create_app(lambda: archive, lambda: ANALYST, replay=lambda: door))
    return uvicorn.Server(uvicorn.Config(host, log_level="warning", access_log=False))


def _recorded(archive: Archive, folder: Path, pages_url: str) -> dict[str, Capture]:
    """The hostile site as `letapis crawl` records it, deposited."""
    with HostileSite(pages_url) as site:
        urls = [argument for path in site.paths for argument in ("--url", f"http://victim.test{path}")]
        typed(  # a refused page is an outcome, and exit code 3
            *("crawl", *urls, "--spool", str(folder)),
            *("--connect-to", f"::127.0.0.1:{site.port}", "--allow-address", "127.0.0.0/8", "--json"),
            env={**os.environ, "LETAPIS_DATA": str(folder / "data")},
        )
    return _all_of(archive, [deposit_file(archive, path).key for path in sorted(folder.glob("**/*.warc.gz"))])


def _deposited(archive: Archive, folder: Path) -> dict[str, Capture]:
    """Another crawl: what a capability for the first must not show."""
    secret = exchange("http://secret.test/", response(b"<h1>a secret of another crawl</h1>"))
    again = exchange("http://victim.test/", response(b"<h1>a later night</h1>"), at=NIGHT.replace(month=12))
    closed = exchange("http://closed.test/", response(b"<h1>for members</h1>"))
    source = replace(KANAL, id="closed", access_label=CLOSED)
    gone = exchange("http://gone.test/", response(b"<h1>soon withdrawn</h1>"))
    paths = (
        crawl_one(folder, [secret, again]),
        crawl_one(folder, [closed], source=source),
        crawl_one(folder, [gone]),
    )
    return _all_of(archive, [deposit_file(archive, path).key for path in paths])


def _all_of(archive: Archive, keys: list[str]) -> dict[str, Capture]:
    with archive.reader.connect() as connection:
        found = [capture for key in keys for capture in captures_in(connection, key)]
    return {capture.url: capture for capture in found}
