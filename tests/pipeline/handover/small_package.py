"""A small hand-over package after docs/hand-over.md: real records, custody, checkpoint, cosignature, time tokens.

It is written by a few lines of its own and not by the code that writes packages, so that the programs that check a
package are held to the format and not to that code.
"""

import base64
import hashlib
import io
import json
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.preserve.outlet_kinds.outside_time import MAGIC, VERSION
from pipeline.preserve.outlet_kinds.outside_time import SHA256 as OTS_SHA256
from processors.digest import sha256
from processors.rfc3161.token import time_query
from processors.transparency_log.checkpoint import read_checkpoint
from processors.transparency_log.cosignature import cosign
from processors.transparency_log.signed_note import COSIGNATURE_V1, Note, SigningKey, parse_note
from storage.archive import Archive
from storage.deposit.deposit import Deposited, deposit_file
from storage.deposit.timestamps import pending_timestamps, schedule_timestamps, store_token
from storage.ledger.custody import entries
from storage.log.custody_proof import CustodyProof, prove_custody
from storage.log.deliveries import deliver_pending
from storage.log.outlets import OutletProof
from storage.log.signing import sign_next_checkpoint
from storage.warc.reader import WarcReader
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.shared_archive import shared_archive_settings
from tests.storage.crawled_files import crawl_one, exchange, no_answer, response
from tests.storage.log.log_archive import add_entries, signer_at

VERIFIER = ROOT / "pipeline" / "handover" / "verifier"
NUMBERS = ("LTP-2026-000001", "LTP-2026-000002")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
AUTHORITY = "http://time.example/"
ZIP_TIME = (2026, 11, 29, 21, 0, 0)


@dataclass
class OutsideOf:
    """An outlet whose proof is what ``answer`` makes of a checkpoint."""

    name: str
    ending: str
    answer: Any
    witnesses: bool = False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        return OutletProof(self.answer(checkpoint), self.ending)

    def newest(self) -> bytes | None:
        return None


@dataclass(frozen=True)
class SmallPackage:
    """A folder, and the keys that its recipient knows from elsewhere."""

    folder: Path
    log_key: str
    witness_key: str
    signing: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def package_key(self) -> str:
        return hashlib.sha256(_spki(self.signing)).hexdigest()

    def copy(self, to: Path) -> "SmallPackage":
        shutil.copytree(self.folder, to)
        return replace(self, folder=to)


@contextmanager
def small_package(
    postgres: PostgresServer, template: str, store: ObjectStoreServer, folder: Path
) -> Iterator[SmallPackage]:
    """A package of two exhibits: of one its whole WARC file goes along, of the other some records."""
    name = f"handed_{secrets.token_hex(4)}"
    with (
        shared_archive_settings(postgres, template, store, folder / "data", name) as settings,
        opened_archive(settings) as archive,
    ):
        archive.objects.ensure_bucket()
        yield _package(archive, folder)


def _package(archive: Archive, folder: Path) -> SmallPackage:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n6;a=b\r\npedia!\r\n0\r\n\r\n"
    page = response("<p>Сход жыхароў на плошчы</p>".encode() * 40)
    first = crawl_one(
        folder / "first",
        [
            exchange("https://t.me/s/kanal", page),
            no_answer("https://t.me/s/none"),
            exchange("https://c.example/", chunked),
        ],
    )
    second = crawl_one(
        folder / "second",
        [
            exchange("https://vesnik.example/a.png", response(secrets.token_bytes(3000), "image/png")),
            exchange("https://vesnik.example/b.png", response(secrets.token_bytes(3000), "image/png")),
        ],
    )
    files = [(path.read_bytes(), deposit_file(archive, path)) for path in (first, second)]
    authority = TimeAuthorityOfOpenssl(folder / "authority", "Sample time authority")
    schedule_timestamps(archive, [AUTHORITY], actor="tester", occasion="test")
    with archive.reader.connect() as connection:
        (pending,) = pending_timestamps(connection)
    query = time_query(pending.entry.canonical())
    roots = authority.roots.read_bytes()
    store_token(
        archive,
        pending,
        authority.reply(query.content),
        roots=roots,
        pinned=True,
        nonce=query.nonce,
        actor="tester",
    )
    add_entries(archive, 5, about="another case ")
    signer = signer_at(folder / "log.key")
    witness = SigningKey.generate("witness.example/w1", COSIGNATURE_V1)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    deliver_pending(
        archive,
        [
            OutsideOf("w1", "cosignature", lambda note: _cosigned(note, witness), witnesses=True),
            OutsideOf("tsa", "tsr", lambda note: authority.reply(time_query(note).content)),
            OutsideOf("calendar", "ots", _promised),
            OutsideOf("notebook", "txt", lambda note: b"written on page 1"),
        ],
    )
    package = SmallPackage(
        folder / "package",
        str(signer.key.verifier_key),
        str(witness.verifier_key),
        ec.generate_private_key(ec.SECP384R1()),
    )
    _write(package, files, [prove_custody(archive, deposited.key) for _, deposited in files], archive)
    return package


def _cosigned(note: bytes, witness: SigningKey) -> bytes:
    parsed = parse_note(note)
    return bytes(Note(parsed.text, (*parsed.signatures, cosign(parsed.text, witness, 1_796_000_000))))


def _promised(note: bytes) -> bytes:
    return MAGIC + VERSION + OTS_SHA256 + sha256(note).value + b"\xf0\x04abcd\x08\x00promise"


@dataclass(frozen=True)
class _Record:
    offset: int
    length: int
    record_id: str
    record_type: str
    url: str


def _records(content: bytes) -> list[_Record]:
    reader = WarcReader(io.BytesIO(content), "small")
    found = []
    while (head := reader.next_record()) is not None:
        for _ in reader.block():
            pass
        length = reader.end_record()
        found.append(_Record(head.offset, length, head.record_id, head.record_type, head.url or ""))
    return found


def _write(
    package: SmallPackage,
    files: list[tuple[bytes, Deposited]],
    proofs: list[CustodyProof],
    archive: Archive,
) -> None:
    data = package.folder / "data"
    for name in ("evidence", "records", "custody/tokens", "custody/certificates", "report", "verify"):
        (data / name).mkdir(parents=True)
    for number, (content, deposited), leave_out in zip(NUMBERS, files, (0, 2), strict=True):
        records = _records(content)
        kept = records[: len(records) - leave_out]
        write_exhibit(package, number, content, kept, deposited)
    for proof in proofs:
        name = f"proof-{sha256(proof.key.encode()).hex[:16]}.json"
        (data / "custody" / name).write_bytes(_json(proof.as_json()))
        for token in proof.tokens:
            (data / "custody" / "tokens" / f"entry-{token.seq}.tsr").write_bytes(token.token)
            (data / "custody" / "certificates" / f"{sha256(token.roots).hex}.pem").write_bytes(token.roots)
        for receipt in proof.receipts:
            ending = receipt.delivery.proof_key.rpartition(".")[2]
            if ending in ("tsr", "ots"):
                (data / "custody" / "tokens" / f"checkpoint.{ending}").write_bytes(receipt.content)
    note = proofs[0].checkpoint.note
    checkpoint = read_checkpoint(note)
    (data / "custody" / "checkpoint.txt").write_bytes(note)
    pem = package.signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (data / "custody" / "certificates" / "package-key.pem").write_bytes(pem)
    (data / "custody" / "opened.json").write_bytes(
        _json({"format": "letapis/opened/1", "values": _opened(archive, proofs)})
    )
    selection: Any = {
        "format": "letapis/selection/1",
        "package_id": "01KB8Q6V0000000000000000AA",
        "frozen_at": "2026-11-29T21:00:00+00:00",
        "recipient": {"name": "Пракуратура", "level": "prosecutor", "request": None, "language": "be"},
        "query": {},
        "exhibits": [{"number": number} for number in NUMBERS],
        "left_out": [],
        "checkpoint": {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": base64.b64encode(checkpoint.root).decode(),
        },
        "software": {"name": "letapis", "version": "0", "tree": None},
        "opened": ["actor"],
        "tokens": [],
        "supplement_of": None,
    }
    (data / "selection.json").write_bytes(rfc8785.dumps(selection))
    (data / "README.txt").write_text("Sample package\n", "utf-8")
    (data / "report" / "report.html").write_text("<p>Sample report</p>\n", "utf-8")
    for file in VERIFIER.iterdir():
        if file.is_file():
            shutil.copy(file, data / "verify")
    write_bag(package.folder)


def _opened(archive: Archive, proofs: Iterable[CustodyProof]) -> list[dict[str, Any]]:
    """Who acted and what the clock said, of every entry of the proofs."""
    wanted = {each.entry.seq for proof in proofs for each in proof.entries}
    with archive.reader.connect() as connection:
        found = [each for each in entries(connection) if each.seq in wanted]
    rows = []
    for each in found:
        assert each.seal is not None and each.seal.salts is not None
        for name in ("actor", "clock"):
            value = each.sealed_values()[name]
            rows.append({"entry": each.seq, "name": name, "salt": each.seal.salts[name], "value": value})
    return rows


def write_exhibit(
    package: SmallPackage, number: str, content: bytes, records: list[_Record], deposited: Deposited
) -> None:
    """The WACZ of some records of a WARC file, and the JSON file of the exhibit."""
    data, rows, index = b"", [], []
    for each in records:
        rows.append(
            {
                "record_id": each.record_id.strip("<>"),
                "record_type": each.record_type,
                "url": each.url,
                "warc_key": deposited.key,
                "offset": each.offset,
                "length_bytes": each.length,
                "within_bytes": None,
                "wacz_offset": len(data),
                "wacz_length_bytes": each.length,
            }
        )
        if each.record_type == "response":
            place = {
                "url": each.url,
                "offset": str(len(data)),
                "length": str(each.length),
                "filename": "data.warc.gz",
            }
            index.append(f"{each.url} 20261120210000 {json.dumps(place)}\n")
        data += content[each.offset : each.offset + each.length]
    members = {
        "archive/data.warc.gz": data,
        "indexes/index.cdx": "".join(sorted(index)).encode(),
        "pages/pages.jsonl": b'{"format": "json-pages-1.0", "id": "pages"}\n',
    }
    path = package.folder / "data" / "evidence" / f"{number}.wacz"
    write_wacz(path, members, package.signing)
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    exhibit = {
        "format": "letapis/exhibit/1",
        "number": number,
        "wacz": {"path": f"data/evidence/{number}.wacz", "sha256": digest},
        "places": rows,
    }
    (package.folder / "data" / "records" / f"{number}.json").write_bytes(_json(exhibit))


def write_wacz(path: Path, members: dict[str, bytes], signing: ec.EllipticCurvePrivateKey) -> None:
    """A signed WACZ of these files."""
    resources = [
        {"path": name, "hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
        for name, content in members.items()
    ]
    described = _json({"profile": "data-package", "wacz_version": "1.1.1", "resources": resources})
    digest = f"sha256:{hashlib.sha256(described).hexdigest()}"
    r, s = decode_dss_signature(signing.sign(digest.encode(), ec.ECDSA(SHA256(), deterministic_signing=True)))
    signed = {
        "hash": digest,
        "signature": base64.b64encode(r.to_bytes(48, "big") + s.to_bytes(48, "big")).decode(),
        "publicKey": base64.b64encode(_spki(signing)).decode(),
    }
    stated = _json({"path": "datapackage.json", "hash": digest, "signedData": signed})
    whole = members | {"datapackage.json": described, "datapackage-digest.json": stated}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        for name, content in whole.items():
            out.writestr(zipfile.ZipInfo(name, ZIP_TIME), content)


def read_wacz(path: Path) -> dict[str, bytes]:
    """The files of a WACZ but those that describe it."""
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.startswith("datapackage")}


def write_bag(folder: Path) -> None:
    """All manifests, over whatever lies in the folder now."""
    for old in folder.glob("*manifest-*.txt"):
        old.unlink()
    payload = sorted(each for each in (folder / "data").rglob("*") if each.is_file())
    size = sum(each.stat().st_size for each in payload)
    (folder / "bagit.txt").write_bytes(DECLARATION)
    (folder / "bag-info.txt").write_text(
        f"Source-Organization: Sample\nPayload-Oxum: {size}.{len(payload)}\n", "utf-8"
    )
    for algorithm in ("sha256", "sha512"):
        _manifest(folder, "manifest", algorithm, payload)
    tags = [each for each in sorted(folder.iterdir()) if each.is_file()]
    for algorithm in ("sha256", "sha512"):
        _manifest(folder, "tagmanifest", algorithm, tags)


def write_zip(folder: Path, path: Path, *, part_bytes: int) -> list[Path]:
    """The folder as ZIP in parts, with the list of their digests."""
    whole = path.with_suffix(".whole")
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as out:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            info = zipfile.ZipInfo(f"package/{file.relative_to(folder).as_posix()}", ZIP_TIME)
            out.writestr(info, file.read_bytes())
    content = whole.read_bytes()
    whole.unlink()
    parts = []
    for number, start in enumerate(range(0, len(content), part_bytes), 1):
        parts.append(path.with_name(f"{path.name}.{number:03d}"))
        parts[-1].write_bytes(content[start : start + part_bytes])
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in parts]
    path.with_suffix(".parts.txt").write_text("".join(lines), "ascii")
    return parts


def _manifest(folder: Path, kind: str, algorithm: str, files: list[Path]) -> None:
    lines = [
        f"{hashlib.new(algorithm, each.read_bytes()).hexdigest()}  {each.relative_to(folder).as_posix()}\n"
        for each in files
    ]
    (folder / f"{kind}-{algorithm}.txt").write_text("".join(lines), "utf-8")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode() + b"\n"


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
