"""The bytes of the wire are kept whole whoever asks: our own fetcher, Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from crawlers.model.exchange import Truncation
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from processors.digest import sha256
from tests.crawlers.recorder.conftest import tls_of
from tests.crawlers.recorder.origin_server import Origin
from tests.crawlers.recorder.recorded_traffic import (
    Passed,
    by_chromium,
    by_fetcher,
    pass_all,
    url_of,
)
from tests.crawlers.recorder.running_recorder import block_of
from tests.crawlers.recorder.server_answers import KINDS

pytestmark = pytest.mark.slow

CHROMIUM_LEAVES_AT = (
    "broken chunks",
    "a chunk beyond all bounds",
    "a redirect whose body ends with the connection",
)
"""What Chromium may break off before all has come; the record then says that it did."""


@pytest.fixture(scope="module")
def program() -> Path:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found.program


@pytest.fixture(scope="module", params=["fetcher", pytest.param("chromium", marks=pytest.mark.browser)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def passed(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    site_authority: trustme.CA,
    site_authority_file: Path,
) -> Iterator[Passed]:
    ask = by_fetcher if engine == "fetcher" else by_chromium(request.getfixturevalue("program"))
    plain, secure = Origin(), Origin(tls_of(site_authority))
    yield pass_all(tmp_path_factory.mktemp("passing"), plain, secure, site_authority_file, ask)
    plain.close()
    secure.close()


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("name", KINDS)
def test_what_went_over_the_wire_is_what_is_kept(name: str, scheme: str, engine: str, passed: Passed) -> None:
    kind, url = KINDS[name], url_of(scheme, name)
    exchange, served = passed.kept[url], passed.served[url]
    assert block_of(exchange.request) == served.request
    kept = b"".join(exchange.interim) + block_of(exchange.response)
    assert bytes(served.sent) == b"".join(kind.pieces)
    assert exchange.interim == kind.interim
    assert exchange.response.block_digest == sha256(block_of(exchange.response))
    assert exchange.status == kind.status
    assert exchange.peer_ip == "127.0.0.1"
    assert (exchange.tls is not None) == (scheme == "https")
    if engine == "chromium" and name in CHROMIUM_LEAVES_AT:
        assert bytes(served.sent).startswith(kept)
    else:
        assert kept == bytes(served.sent)
    if engine == "chromium" and not kind.keep and exchange.truncated is Truncation.UNSPECIFIED:
        # Chromium had seen enough before the site ended the connection
        assert exchange.problem == "the engine ended the connection before the answer was whole"
        return
    assert (exchange.truncated, exchange.problem) == (kind.truncated, kind.problem)
    assert exchange.response.payload_digest == sha256(kind.payload)
