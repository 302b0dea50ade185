"""A WARC is handed over whole: no byte of it, and nothing the store says of it, tells who collected, why or where.

Who, why and which machine are in custody and the ledger, which are kept apart (architecture, section 5).
"""

import io
import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from fastwarc.warc import ArchiveIterator

from pipeline.chromium import find_chromium
from pipeline.collect.waiting import archive_urls
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings
from samples.sites import SampleSites
from storage.ledger.custody import entries
from tests.administered_store import administrator
from tests.crawlers.recorder.relay_proxy import Relay

PAGES = ("https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1", "https://reset.pryklad.example/")
OPERATOR = "Alena-Prydumanaja"
REASON = "можа знікнуць да раніцы"
CASE = "SPRAVA-4711/Б"
PASSWORD = "zusim-tajna"


@pytest.fixture
def relay(sample_sites: SampleSites) -> Iterator[Relay]:
    running = Relay(sample_sites.port, socks=True, credentials=("alena", PASSWORD))
    yield running
    running.close()


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites, relay: Relay) -> Settings:
    settings = replace(stored_settings, upstream_ca=sample_sites.authority, egress={"vilnia_office": relay.url})
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    return settings


@dataclass(frozen=True)
class Deposited:
    """Everything the store holds of one WARC file: what it says of it, and the file, packed and unpacked.

    ``text`` and ``binary`` are the records, header fields with the text; ``binary`` begins with the packed file.
    """

    key: str
    said: str
    text: bytes
    binary: bytes


def deposited(settings: Settings) -> list[Deposited]:
    store = settings.store()
    client: Any = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        region_name=store.region,
    )
    found = []
    for row in client.list_object_versions(Bucket=store.bucket, Prefix="warc/")["Versions"]:
        named = {"Bucket": store.bucket, "Key": row["Key"], "VersionId": row["VersionId"]}
        answer = client.get_object(**named)
        content = answer.pop("Body").read()
        tags = administrator(store.endpoint).get_object_tagging(**named).get("TagSet", [])  # the daily key may not
        said = json.dumps([row, answer, tags], default=str, ensure_ascii=False)
        text, binary = b"", content
        for record in ArchiveIterator(io.BytesIO(content), parse_http=False):
            block = record.reader.read()
            text += repr(list(record.headers)).encode() + b"\n"
            if is_text(block):
                text += block + b"\n"
            else:
                binary += block
        found.append(Deposited(row["Key"], said, text, binary))
    client.close()
    return found


LONG_ENOUGH = 6
"""Characters: shorter words, such as a machine's name, stand in any picture by chance. There longer ones count."""


def is_text(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def own_addresses() -> set[str]:
    """Addresses by which this machine would be seen; nothing is sent to learn them."""
    found = set()
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("192.0.2.1", 9))
        found.add(sock.getsockname()[0])
    return found - {"0.0.0.0", "127.0.0.1"}


def spellings(secret: str) -> set[bytes]:
    """As a file may hold it: as text, as JSON and repr escape it, in other encodings and cases."""
    forms = {
        secret,
        secret.lower(),
        secret.upper(),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
    }
    coded = {form.encode("utf-8") for form in forms} | {secret.encode("utf-16-le")}
    with suppress(UnicodeEncodeError):
        coded.add(secret.encode("cp1251"))
    return coded


def occurs(secret: str, content: bytes) -> bool:
    """Whether it stands there as a word of its own: a machine may be called `web`, and pages speak of websites."""
    return any(
        re.search(rb"(?<![0-9A-Za-z_-])" + re.escape(form) + rb"(?![0-9A-Za-z_-])", content)
        for form in spellings(secret)
    )


def engines() -> list[object]:
    return ["http", pytest.param("browser", marks=pytest.mark.browser)]


@pytest.mark.parametrize("engine", engines())
def test_nothing_deposited_tells_who_why_where_from_or_by_which_way(
    engine: str, collecting: Settings, relay: Relay, settings: Settings
) -> None:
    if engine == "browser" and find_chromium(collecting.chromium) is None:
        pytest.skip("no Chromium on this machine")
    done = archive_urls(
        collecting,
        PAGES,
        actor=OPERATOR,
        reason=REASON,
        case=CASE,
        engine="browser" if engine == "browser" else "http",
        egress="vilnia_office",
    )
    assert [each.status for each in done] == [200, None]
    assert relay.asked

    with opened_archive(collecting) as archive, archive.reader.connect() as connection:
        known = json.dumps([entry.details for entry in entries(connection)], ensure_ascii=False)
        actors = {entry.actor for entry in entries(connection)}
    host = socket.gethostname()
    # The facts are known, and kept where they belong; a search for what nobody knew would find nothing, too.
    assert all(fact in known for fact in (REASON, CASE, OPERATOR, host, "vilnia_office"))
    assert OPERATOR in actors
    assert PASSWORD not in known

    secrets = {
        *(OPERATOR, REASON, CASE, PASSWORD, "vilnia_office", done[0].request_id),
        *(host, f"127.0.0.1:{relay.port}", str(relay.port), *own_addresses()),
        *(str(ROOT), str(settings.data)),
    }
    files = deposited(collecting)
    assert len(files) == len(PAGES)
    for file in files:
        assert b"pryklad.example" in file.text
        for secret in secrets:
            assert not occurs(secret, file.key.encode()), (secret, file.key)
            assert not occurs(secret, file.said.encode()), (secret, file.said)
            assert not occurs(secret, file.text), secret
            assert len(secret) < LONG_ENOUGH or not occurs(secret, file.binary), secret


def test_the_search_would_find_each_spelling() -> None:
    for content in (CASE, json.dumps(CASE), json.dumps({"case": CASE}, ensure_ascii=False), repr([CASE])):
        assert occurs(CASE, b"before " + content.encode() + b" after")
    assert not occurs("web", b"a website")
    assert occurs("web", b"host: web.")
