"""Origins with and without TLS, and recorders before them."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.crawlers.recorder.origin_server import Origin
from tests.crawlers.recorder.running_recorder import RunningRecorder


@pytest.fixture(scope="session")
def site_authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def site_authority_file(site_authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(site_authority.cert_pem.bytes())
    return path


def tls_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's context with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("site.example", "*.site.example"))).configure_cert(context)
    return context


@pytest.fixture
def secure_origin(site_authority: trustme.CA) -> Iterator[Origin]:
    origin = Origin(tls_of(site_authority))
    yield origin
    origin.close()


@pytest.fixture
def plain_origin() -> Iterator[Origin]:
    origin = Origin()
    yield origin
    origin.close()


@pytest.fixture
def start_recorder(tmp_path: Path) -> Iterator[Callable[..., RunningRecorder]]:
    running: list[RunningRecorder] = []

    def start(**settings: Any) -> RunningRecorder:
        running.append(RunningRecorder(tmp_path, **settings))
        return running[-1]

    yield start
    for recorder in running:
        if not recorder.closed:
            recorder.close()


@pytest.fixture
def recorder(
    start_recorder: Callable[..., RunningRecorder],
    secure_origin: Origin,
    plain_origin: Origin,
    site_authority_file: Path,
) -> RunningRecorder:
    """A recorder for whom ``site.example`` is the secure origin, and port 80 of every host the plain one."""
    return start_recorder(
        connect_to=(
            f"site.example:443:127.0.0.1:{secure_origin.port}",
            f":80:127.0.0.1:{plain_origin.port}",
        ),
        upstream_ca=site_authority_file,
    )
