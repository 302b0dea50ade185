"""A value that became known late is found in the closed files, wherever it was kept before."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from crawlers.model.capture import Captured, RenderingKind
from pipeline.login.clearance import cleared
from pipeline.login.kept_apart import KeptApart
from pipeline.login.secret_values import SecretValues
from storage.spool.spool import Spool
from tests.pipeline.login.test_credential_guard import CRAWL, exchange, rendering
from tests.storage.sample_exchanges import FACTS

LATE = "Late-value-4711=="
MHTML = (
    'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nLate-val=\r\nue-4711=3D=3D\r\n--b--\r\n"
)
PACKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(LATE.encode())
CASES: dict[str, tuple[Captured, bool]] = {
    "nothing": (rendering(RenderingKind.DOM, b"<p>nothing"), True),
    "dom": (rendering(RenderingKind.DOM, f"<p>{LATE}".encode()), False),
    "packed answer": (exchange(b"GET / HTTP/1.1\r\n\r\n", PACKED), False),
    "mhtml": (replace(rendering(RenderingKind.MHTML, MHTML.encode()), media_type="multipart/related"), False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_shows_a_late_value_is_sealed_apart_whole(name: str, tmp_path: Path) -> None:
    captured, is_clear = CASES[name]
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(captured)
    files = spool.close()
    values = SecretValues({"cookies": [{"name": "session", "value": LATE}]})
    kept, withheld = KeptApart(tmp_path / "kept", bytes(32), CRAWL), list[str]()

    assert cleared(files, values, kept, withheld.append) == (files if is_clear else ())
    assert [file.path.exists() for file in files] == [is_clear]
    assert (len(withheld), kept.rows > 0) == ((0, False) if is_clear else (1, True))
    kept.close()
