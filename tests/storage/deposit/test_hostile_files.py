"""Files made to break their reader: each is taken or refused in words, and never ends anything else."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pipeline.collect.deposit_spool import recover_spools
from pipeline.config.settings import Settings
from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import DepositRefusedError, FileUnreadableError, deposit_file
from storage.deposit.inspection import inspect_file
from storage.errors import StorageError, UnsupportedFileError
from storage.objects.errors import ChecksumDiffersError
from storage.objects.model import StoredObject
from storage.objects.store import ObjectStore
from storage.postgres_text import postgres_safe_json, postgres_safe_text
from storage.warc.reader import WarcDamageError
from tests.storage.crawled_files import crawl_one, exchange, response

pytestmark = pytest.mark.slow

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nhi"
URL = ("WARC-Target-URI", "http://a.example/")


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The data folder lies elsewhere: tests here look at all that is in their own folder."""
    return Settings(data=tmp_path_factory.mktemp("archive") / "data")


def record(*fields: tuple[str, str | bytes], block: bytes = ANSWER, kind: str = "response") -> bytes:
    """One record; a field given stands instead of the usual one."""
    usual: dict[str, str | bytes] = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:00000000-0000-4000-8000-000000000001>",
        "WARC-Date": "2026-11-20T21:00:00Z",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    }
    lines = [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in (usual | dict(fields)).items()
    ]
    return b"\r\n".join((b"WARC/1.1", *lines, b"", block, b"", b""))


def info(source: bytes) -> bytes:
    """A warcinfo record with this declaration of its source."""
    return record(
        ("Content-Type", "application/warc-fields"), block=b"source: " + source + b"\r\n", kind="warcinfo"
    )


NOTHING_HTTP = ("Content-Type", "application/json")
REFUSED = {
    "a NUL in an address": (record(("WARC-Target-URI", b"http://a.example/\x00")), "a field as name and value"),
    "a NUL in a folded line": (
        record(("WARC-Target-URI", b"http://a.example/\r\n \x00")),
        "a field as name and value",
    ),
    "a date of a megabyte": (record(URL, ("WARC-Date", "2" * 900_000)), "a WARC-Date"),
    "10 MB of fields": (record(URL, ("X", "a" * 10_000_000)), "a record's fields within 1048576 bytes"),
    "a length below zero": (record(URL, ("Content-Length", "-5")), "a Content-Length in digits"),
    "a length of 5000 digits": (record(URL, ("Content-Length", "9" * 5000)), "a Content-Length in digits"),
    "digits that are none": (record(URL, ("Content-Length", "٣")), "a Content-Length in digits"),
    "a length beyond the file": (record(URL, ("Content-Length", "9" * 14)), "more bytes of the block"),
    "a date of wide digits": (record(URL, ("WARC-Date", "２０２６-11-20T21:00:00Z")), "a WARC-Date"),
    "a year that is none": (record(URL, ("WARC-Date", "0000-01-01T00:00:00Z")), "a WARC-Date"),
    "nothing": (b"", "a WARC record"),
    "an ARC length of 5000 digits": (
        b"filedesc://x 0.0.0.0 20261120210000 text/plain " + b"9" * 5000 + b"\n1 0 X\n",
        "a length in digits",
    ),
    "a NUL in an ARC address": (
        b"filedesc://x 0.0.0.0 20261120210000 text/plain 6\n1 0 X\n\n"
        b"http://a.example/\x00 1.2.3.4 20261120210000 text/html 5\nhello\n",
        "without U+0000",
    ),
    "a zstd frame of a huge window": (b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(50), "a zstd frame without damage"),
    "a zstd dictionary of 2 GB": (b"\x5d\x2a\x4d\x18\xff\xff\xff\x7f" + bytes(99), "a dictionary of at most"),
    "a zstd dictionary that is none": (
        b"\x5d\x2a\x4d\x18\x10\x00\x00\x00\x28\xb5\x2f\xfd" + b"\xff" * 12 + b"abc",
        "a zstd dictionary",
    ),
}
TAKEN = {
    "a line end in an address": record(("WARC-Target-URI", b"http://a.example/\rSet-Cookie: x")),
    "a host that is no text": record(("WARC-Target-URI", "http://%ff%fe.example/")),
    "half a pair in an address": record(("WARC-Target-URI", b"http://a.example/\xed\xa0\x80")),
    "an address of 400 KB": record(("WARC-Target-URI", "http://a.example/" + "0123456789abcdef" * 25_000)),
    "a NUL in the answer's type": record(URL, block=ANSWER.replace(b"text/html", b"text/\x00html")),
    "a status beyond numbers": record(URL, block=ANSWER.replace(b"200", b"9" * 6000)),
    "a chunk beyond numbers": record(
        URL, block=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 10_000 + b"\r\nhi"
    ),
    "a moment beside that is none": record(URL, ("WARC-Refers-To-Date", "yesterday"), kind="revisit"),
    "an early year": record(URL, ("WARC-Date", "0001-01-01T00:00:00Z")),
    "a declaration nested deep": info(b"[" * 200_000) + record(URL),
    "a declaration with a NUL": info(b'{"id": "x", "access_label": "\\u0000"}') + record(URL),
    "a declaration with half a pair": info(b'{"id": "x", "z": "\\ud800"}') + record(URL),
    "a label that is no text": info(b'{"id": "x", "access_label": ["a"]}') + record(URL),
    "a note nested deep": record(URL, NOTHING_HTTP, block=b"[" * 200_000, kind="metadata") + record(URL),
    "a note with a NUL": record(
        URL, NOTHING_HTTP, block=b'{"kind":"no_response","outcome":"\\u0000","reason":"\\ud800"}', kind="metadata"
    )
    + record(URL),
}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes, name: str = "file.warc") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(written: Callable[[bytes], Path], name: str) -> None:
    content, expected = REFUSED[name]
    with pytest.raises(WarcDamageError, match="Nothing of the file was stored") as refused:
        inspect_file(written(content))
    assert expected in refused.value.expected
    assert len(str(refused.value)) < 500


def test_what_can_be_read_is_deposited_whatever_it_says(archive: Archive, tmp_path: Path) -> None:
    for number, content in enumerate(TAKEN.values()):
        path = tmp_path / f"{number}.warc"
        path.write_bytes(content)
        deposit_file(archive, path)

    with archive.reader.connect() as connection:
        types = set(connection.scalars(select(captures.c.media_type)))
        labels = set(connection.scalars(select(warcs.c.access_label)))
        assert connection.execute(select(warcs.c.key)).rowcount == len(TAKEN)
    assert "text/\ufffdhtml" in types
    assert labels == {"default", "\ufffd"}


@given(text=st.text(st.characters(exclude_categories=[]), max_size=20))
def test_text_that_lasts_holds_nothing_that_the_database_does_not(text: str) -> None:
    lasting = postgres_safe_text(text)
    assert "\x00" not in lasting
    assert lasting.encode("utf-8").decode("utf-8") == lasting
    assert len(lasting) == len(text)
    assert postgres_safe_json({text: [text, {"n": 1.5, "t": None}]}) == {lasting: [lasting, {"n": 1.5, "t": None}]}


def test_an_answer_with_a_nul_in_its_type_does_not_keep_its_crawl_from_the_archive(
    archive: Archive, tmp_path: Path
) -> None:
    hostile = exchange("https://t.me/a", response(b"a", "text/\x00html"))
    crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page")), hostile])

    recovered = recover_spools(archive, tmp_path, actor="tester")

    assert [each.captures for each in recovered.deposited] == [2]
    assert recovered.remarks == ()


@pytest.mark.parametrize("source", ["../../custody/x", "a/b", "", "-x", "ў"])
def test_a_file_that_claims_to_be_ours_of_a_source_that_cannot_be_is_imported(
    archive: Archive, written: Callable[..., Path], source: str
) -> None:
    content = info(json.dumps({"id": source}).encode()) + record(URL)
    path = written(content, "01J00000000000000000000000-00000.warc.gz")

    deposited = deposit_file(archive, path)

    assert deposited.source_id == "imported"
    assert deposited.key.startswith("warc/2026/11/20/imported/")


WARC = record(URL)


def wacz(path: Path, *, package: object = None, packed: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", packed) as file:
        file.writestr("datapackage.json", json.dumps({"resources": []} if package is None else package))
        info_of_warc = zipfile.ZipInfo("archive/data.warc")
        file.writestr(info_of_warc, WARC)
    return path


def test_names_in_a_wacz_lead_nowhere(archive: Archive, tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    with zipfile.ZipFile(path, "a") as file:
        for name in ("../../escaped.warc", "/absolute.warc", "archive/../../escaped.warc"):
            file.writestr(name, WARC)
        link = zipfile.ZipInfo("archive/link.txt")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")

    deposited = deposit_file(archive, path)

    assert deposited.captures == 1
    assert {each.name for each in tmp_path.iterdir()} == {"a.wacz"}


def test_two_names_for_the_same_bytes_are_refused(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    with zipfile.ZipFile(path, "a") as file:
        twin = zipfile.ZipInfo("archive/twin.warc")
        file.writestr(twin, WARC)
        file.getinfo("archive/twin.warc").header_offset = file.getinfo("archive/data.warc").header_offset
    content = path.read_bytes()
    at = content.rfind(b"archive/twin.warc")
    first = content.find(b"PK\x03\x04", 1)
    changed = bytearray(content)
    changed[at - 4 : at] = first.to_bytes(4, "little")
    path.write_bytes(changed.replace(b"archive/twin.warc", b"archive/data.warc"))

    with pytest.raises(WarcDamageError, match="files that lie behind each other"):
        inspect_file(path)


@pytest.mark.parametrize(
    "package",
    [[], {"resources": 5}, {"resources": [5]}, {"resources": [{"path": ["a"], "hash": "sha256:00"}]}, "x"],
    ids=str,
)
def test_a_package_that_is_none_is_refused(tmp_path: Path, package: object) -> None:
    with pytest.raises(WarcDamageError):
        inspect_file(wacz(tmp_path / "a.wacz", package=package))


def test_a_package_that_unpacks_to_more_than_a_package_has_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.wacz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("datapackage.json", "w") as package:
        for _ in range(65):
            package.write(bytes(1 << 20))

    with pytest.raises(WarcDamageError, match=r"datapackage\.json of at most 67108864 bytes"):
        inspect_file(path)


def test_a_file_that_unpacks_a_thousandfold_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.warc.wacz.LARGEST_UNPACKED_BYTES", 1 << 20)
    resources = [{"path": "pages/pages.jsonl", "hash": f"sha256:{'0' * 64}"}]
    path = wacz(tmp_path / "a.wacz", package={"resources": resources})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pages/pages.jsonl", bytes(8 << 20))

    with pytest.raises(UnsupportedFileError, match=r"pages/pages\.jsonl of at most 100 times its"):
        inspect_file(path)


def test_every_byte_of_a_wacz_may_be_any_other(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    whole = path.read_bytes()
    for at in range(len(whole)):
        for value in (0x00, 0xFF, whole[at] ^ 1):
            path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            try:
                inspect_file(path)
            except StorageError as refused:
                assert "was not changed" in str(refused)


class Meanwhile(ObjectStore):
    """A store before whose upload something happens to the file; all else is the real store."""

    before: Callable[[], object]

    def put_new(self, key: str, content: Path | bytes | BinaryIO, *, sha256: Digest) -> StoredObject:
        self.before()
        return super().put_new(key, content, sha256=sha256)


def meanwhile(archive: Archive, happens: Callable[[], object]) -> Archive:
    """The same archive, where this happens between looking a file over and its upload."""
    store = Meanwhile.__new__(Meanwhile)
    store.__dict__.update(vars(archive.objects))
    store.before = happens
    return replace(archive, objects=store)


def nothing_stands(archive: Archive) -> bool:
    with archive.reader.connect() as connection:
        return not list(archive.objects.list()) and not connection.execute(select(warcs.c.key)).all()


def test_a_file_that_grows_while_it_is_deposited_is_refused_with_both_lengths(
    archive: Archive, written: Callable[[bytes], Path]
) -> None:
    path = written(record(URL))

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    with pytest.raises(DepositRefusedError, match="while it was deposited, its length in bytes: expected"):
        deposit_file(meanwhile(archive, grow), path)
    assert nothing_stands(archive)


def test_a_file_that_changes_while_it_is_deposited_is_refused_with_both_digests(
    archive: Archive, written: Callable[[bytes], Path]
) -> None:
    path = written(record(URL))
    other = record(URL, block=ANSWER.replace(b"hi", b"ho"))

    with pytest.raises(DepositRefusedError, match="while it was deposited, its sha256: expected sha256:"):
        deposit_file(meanwhile(archive, lambda: path.write_bytes(other)), path)
    assert nothing_stands(archive)


def test_a_large_file_that_changes_while_it_goes_by_parts_never_stands_under_its_key(
    archive: Archive, tmp_path: Path
) -> None:
    archive.objects._put_limit_bytes = 5 << 20
    path = tmp_path / "large"
    path.write_bytes(bytes(11 << 20))

    with pytest.raises(ChecksumDiffersError, match="on the way into the store"):
        archive.objects.put_new("warc/large", path, sha256=sha256(b"what it was"))
    assert list(archive.objects.list()) == []


def test_a_file_that_goes_away_while_it_is_deposited_is_named(
    archive: Archive, written: Callable[[bytes], Path]
) -> None:
    path = written(record(URL))

    with pytest.raises(FileUnreadableError, match="expected to read it to its end, found No such file"):
        deposit_file(meanwhile(archive, path.unlink), path)
    assert nothing_stands(archive)


def test_a_file_that_goes_away_before_its_second_copy_is_copied_from_the_first_store(
    copied_archive: Archive, written: Callable[[bytes], Path]
) -> None:
    path = written(record(URL))
    assert copied_archive.replica is not None
    alone = replace(copied_archive, objects=copied_archive.replica)
    replica = meanwhile(alone, lambda: path.unlink(missing_ok=True)).objects

    deposited = deposit_file(replace(copied_archive, replica=replica), path)

    assert deposited.preserved
    assert not path.exists()
