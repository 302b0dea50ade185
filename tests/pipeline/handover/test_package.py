"""The package as bagit, warcio, py-wacz, pywb and cryptography read it, and what is in none of its bytes."""

import base64
import csv
import gzip
import hashlib
import io
import json
import resource
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bagit
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree
from sqlalchemy import update
from warcio.archiveiterator import ArchiveIterator

from benchmarks.peer_environments import programs_of
from benchmarks.verify_attacks import attack_once, is_named, names_record, without_openssl
from pipeline.config.settings import ROOT
from pipeline.devstack.ports import free_ports
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.handover.media_formats import NOT_READ
from pipeline.handover.package import BuiltPackage, PackageProgress, Parts, build_package
from pipeline.handover.package_errors import PackageDiskError, PackageRefusedError
from pipeline.handover.package_key import PackageKey
from pipeline.handover.premis import PREMIS
from pipeline.handover.selection import ExhibitKind, LeftOutItem, WhyLeftOut
from processors.digest import Digest, sha256
from storage.access_labels import Role, Viewer
from storage.catalogue.tables import captures
from storage.integrity.assessment import confirm_finding, propose_finding
from storage.ledger.assessments import Findings, VerificationStatus
from storage.ledger.commitments import opens
from storage.objects.errors import StoreUnreachableError
from storage.objects.store import ObjectStore
from tests.access.conftest import picture
from tests.pipeline.crawl.test_replay_elsewhere import get
from tests.pipeline.handover.handed_over_archive import (
    ELSEWHERE,
    OF_OTHERS,
    OTHERS_REASON,
    OWN_REASON,
    PAGE,
    PICTURE,
    STYLE,
    HandedOver,
    exhibit,
    handed_over_archive,
)
from tests.storage.crawled_files import NIGHT
from tests.storage.log.test_custody_proof import is_proved

FIRST, SECOND, THIRD = (f"LTP-2026-{number:06d}" for number in (1, 2, 3))


@pytest.fixture(scope="module")
def handed_over(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[HandedOver]:
    folder, name = tmp_path_factory.mktemp("handed-over"), f"handed_over_{secrets.token_hex(4)}"
    with handed_over_archive(postgres_server, migrated_template, object_store_server, folder, name) as filled:
        yield filled


@pytest.fixture(scope="module")
def package_key() -> PackageKey:
    return PackageKey.generate()


@pytest.fixture(scope="module")
def built(
    handed_over: HandedOver, package_key: PackageKey, tmp_path_factory: pytest.TempPathFactory
) -> BuiltPackage:
    folder = tmp_path_factory.mktemp("packages") / "package"
    return build_package(handed_over.archive, handed_over.selection, folder, key=package_key)


@pytest.fixture
def package(built: BuiltPackage) -> Path:
    assert built.folder is not None
    return built.folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def loaded(package: Path, name: str) -> Any:
    return json.loads((package / "data" / name).read_bytes())


def test_the_validation_report_of_the_release_goes_along_and_is_cited(
    package: Path, handed_over: HandedOver
) -> None:
    kept = (package / "data/report/validation-report.json").read_bytes()
    digest = handed_over.selection.validation_report

    assert digest == sha256(kept)
    assert f"Letapis-Validation-Report: {digest}" in (package / "bag-info.txt").read_text()
    assert str(digest) in (package / "data/report/report.html").read_text()
    assert "- WARC files: 1 of 1 tests passed." in (package / "data/report/validation-report.txt").read_text()
    assert json.loads((package / "data/selection.json").read_bytes())["validation_report"] == str(digest)


def warc_of(package: Path, number: str) -> bytes:
    with zipfile.ZipFile(package / f"data/evidence/{number}.wacz") as wacz:
        return wacz.read("archive/data.warc.gz")


def records_of(package: Path, number: str) -> list[tuple[str, str | None]]:
    """Types and addresses as warcio reads them; every digest that it can check is checked."""
    found = []
    for record in ArchiveIterator(io.BytesIO(warc_of(package, number)), check_digests="raise"):
        if record.rec_type == "response":
            record.digest_checker.passed  # noqa: B018 - raises while the block is read
        record.raw_stream.read()
        found.append((record.rec_type, record.rec_headers.get_header("WARC-Target-URI")))
    return found


def test_the_package_is_a_valid_bag_with_two_algorithms(package: Path, built: BuiltPackage) -> None:
    bag = bagit.Bag(str(package))
    bag.validate()
    assert sorted(bag.algorithms) == ["sha256", "sha512"]
    assert bag.info["Letapis-Recipient"] == "Prosecutor's Office, Example"
    assert bag.info["Letapis-Request"] == "Request 12/2026"
    assert bag.info["Payload-Oxum"] == f"{built.length_bytes}.{built.files}"
    assert hashlib.sha256((package / "tagmanifest-sha256.txt").read_bytes()).digest() == built.digest.value


def test_the_same_selection_gives_the_same_bytes(
    handed_over: HandedOver, package: Path, package_key: PackageKey, tmp_path: Path
) -> None:
    again = build_package(handed_over.archive, handed_over.selection, tmp_path / "again", key=package_key)
    assert again.folder is not None
    assert files_of(again.folder) == files_of(package)
    assert [each.name for each in tmp_path.iterdir()] == ["again"]


def test_a_page_has_all_that_it_needs_and_nothing_of_another_page(package: Path) -> None:
    found = records_of(package, FIRST)
    leaf, root = (f"urn:x509:sha256:{hashlib.sha256(each).hexdigest()}" for each in CERTIFICATES)
    assert sorted(found, key=str) == sorted(
        [
            ("warcinfo", None),
            *((record_type, url) for url in (PAGE, STYLE, PICTURE) for record_type in ("response", "request")),
            *(("metadata", f"urn:exchange:{url}") for url in (PAGE, STYLE, PICTURE)),
            ("resource", leaf),
            ("resource", root),
            ("resource", f"urn:dom:{PAGE}"),
            ("resource", f"urn:fullPage:{PAGE}"),
        ],
        key=str,
    )
    assert ELSEWHERE.encode() not in gzip.decompress(warc_of(package, FIRST))


CERTIFICATES = (b"leaf certificate", b"root certificate")


def test_a_revisit_comes_with_the_record_that_it_refers_to(package: Path) -> None:
    found = [each for each in records_of(package, THIRD) if each[1] == PICTURE]
    assert sorted(found) == [
        ("request", PICTURE),
        ("request", PICTURE),
        ("response", PICTURE),
        ("revisit", PICTURE),
    ]
    captures = {each["record_type"]: each for each in loaded(package, f"records/{THIRD}.json")["captures"]}
    assert captures["response"]["role"] == "payload"
    assert captures["revisit"]["remarks"] == []


def test_what_was_left_out_is_not_added_by_a_revisit(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    revisit = handed_over.selection.exhibits[2]
    left_out = LeftOutItem(
        ExhibitKind.MEDIUM, str(handed_over.repeated.payload_digest), WhyLeftOut.REDACTED, "redacted"
    )
    selection = replace(handed_over.selection, exhibits=(revisit,), left_out=(left_out,))
    built = build_package(handed_over.archive, selection, tmp_path / "package", key=package_key)
    assert built.folder is not None
    (capture,) = loaded(built.folder, f"records/{THIRD}.json")["captures"]
    assert capture["remarks"] == ["its payload stands in another record, which does not go along"]
    assert b"PNG" not in gzip.decompress(warc_of(built.folder, THIRD))


def test_a_payload_that_belongs_to_another_case_is_not_added_by_a_revisit(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    archive, digest = handed_over.archive, str(handed_over.repeated.payload_digest)
    theirs = (captures.c.payload_digest == digest) & (captures.c.id != handed_over.repeated.id)
    with archive.writer.begin() as connection:
        connection.execute(update(captures).where(theirs).values(access_label="case-of-others"))
    try:
        selection = replace(handed_over.selection, exhibits=(handed_over.selection.exhibits[2],))
        built = build_package(archive, selection, tmp_path / "package", key=package_key)
    finally:
        with archive.writer.begin() as connection:
            connection.execute(update(captures).where(theirs).values(access_label="default"))
    assert built.folder is not None
    (capture,) = loaded(built.folder, f"records/{THIRD}.json")["captures"]
    assert capture["id"] == handed_over.repeated.id
    assert b"PNG" not in gzip.decompress(warc_of(built.folder, THIRD))


def test_a_reader_that_believes_the_central_directory_alone_finds_the_members(package: Path) -> None:
    """As ReplayWeb.page 2.4.6: a member without extra fields there begins right after its name."""
    for path in (package / "data/evidence").glob("*.wacz"):
        content = path.read_bytes()
        with zipfile.ZipFile(path) as wacz:
            for member in wacz.infolist():
                names, extras = struct.unpack(
                    "<HH", content[member.header_offset + 26 : member.header_offset + 30]
                )
                assert member.extra or not extras
                begins = member.header_offset + 30 + names + extras
                assert content[begins : begins + member.file_size] == wacz.read(member)


def test_py_wacz_finds_every_exhibit_valid(package: Path) -> None:
    wacz = programs_of("wacz", ROOT / ".venv" / "peers") / "wacz"
    for path in (package / "data/evidence").glob("*.wacz"):
        ran = subprocess.run([wacz, "validate", "-f", path], capture_output=True, text=True, check=False)
        assert (ran.returncode, "Validation succeeded" in ran.stdout) == (0, True), (
            path.name,
            ran.stdout,
            ran.stderr,
        )


def test_pywb_replays_the_page_of_an_exhibit_with_its_picture(package: Path, tmp_path: Path) -> None:
    programs = programs_of("pywb", ROOT / ".venv" / "peers")
    wacz = package / f"data/evidence/{FIRST}.wacz"
    for arguments in (("init", "exhibit"), ("add", "--unpack-wacz", "exhibit", str(wacz))):
        subprocess.run([programs / "wb-manager", *arguments], cwd=tmp_path, check=True, capture_output=True)
    (port,) = free_ports(1)
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "wayback", "-p", str(port), "-b", "127.0.0.1"], cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        at = f"http://127.0.0.1:{port}/exhibit/{NIGHT:%Y%m%d%H%M%S}id_"
        assert get(f"{at}/{PAGE}") == (200, "text/html", b"<img src=photo.png>")
        assert get(f"{at}/{PICTURE}") == (200, "image/png", picture("PNG", 90))
    finally:
        server.terminate()
        server.wait(timeout=60)


def test_every_record_lies_as_it_lay_in_its_sealed_file(handed_over: HandedOver, package: Path) -> None:
    for exhibit_of in handed_over.selection.exhibits:
        warc = warc_of(package, exhibit_of.number)
        places = loaded(package, f"records/{exhibit_of.number}.json")["places"]
        for each in places:
            here = warc[each["wacz_offset"] : each["wacz_offset"] + each["wacz_length_bytes"]]
            head = handed_over.archive.objects.head(each["warc_key"])
            assert head is not None
            sealed = handed_over.archive.objects.read(
                each["warc_key"], head.version_id, offset=each["offset"], length=each["length_bytes"]
            )
            assert here == sealed
        assert sum(each["wacz_length_bytes"] for each in places) == len(warc)


def test_digests_index_and_pages_of_a_wacz_agree_with_its_records(package: Path) -> None:
    with zipfile.ZipFile(package / f"data/evidence/{FIRST}.wacz") as wacz:
        names = {each.filename: each for each in wacz.infolist()}
        described = json.loads(wacz.read("datapackage.json"))
        for each in described["resources"]:
            content = wacz.read(each["path"])
            assert (each["hash"], each["bytes"]) == (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
        lines = wacz.read("indexes/index.cdx").splitlines()
        warc = wacz.read("archive/data.warc.gz")
        pages = [json.loads(line) for line in wacz.read("pages/pages.jsonl").splitlines()]
    assert {each.compress_type for each in names.values()} == {zipfile.ZIP_STORED}
    assert {each.date_time for each in names.values()} == {(2026, 11, 29, 21, 0, 0)}
    assert (described["wacz_version"], described["mainPageUrl"]) == ("1.1.1", PAGE)
    assert [each["url"] for each in pages[1:]] == [PAGE]
    assert lines == sorted(lines)
    for line in lines:
        fields = json.loads(line.split(b" ", 2)[2])
        begin = int(fields["offset"])
        (record,) = ArchiveIterator(io.BytesIO(warc[begin : begin + int(fields["length"])]))
        assert record.rec_headers.get_header("WARC-Target-URI") == fields["url"]


def test_the_signature_of_a_wacz_is_what_a_browser_checks(package: Path, package_key: PackageKey) -> None:
    with zipfile.ZipFile(package / f"data/evidence/{FIRST}.wacz") as wacz:
        digest = json.loads(wacz.read("datapackage-digest.json"))
        assert digest["hash"] == f"sha256:{hashlib.sha256(wacz.read('datapackage.json')).hexdigest()}"
    signed = digest["signedData"]
    key = load_der_public_key(base64.b64decode(signed["publicKey"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp384r1"
    signature = base64.b64decode(signed["signature"])
    r, s = (int.from_bytes(half, "big") for half in (signature[:48], signature[48:]))
    key.verify(encode_dss_signature(r, s), signed["hash"].encode(), ec.ECDSA(SHA256()))
    assert (package / "data/custody/certificates/package-key.pem").read_bytes() == package_key.public_pem


def test_the_index_over_all_exhibits_names_each_with_its_digest(package: Path) -> None:
    listed = loaded(package, "evidence/index.json")
    assert listed["profile"] == "multi-wacz-package"
    for each in listed["resources"]:
        content = (package / "data/evidence" / each["path"]).read_bytes()
        assert each["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert [each["path"] for each in listed["resources"]] == [f"{each}.wacz" for each in (FIRST, SECOND, THIRD)]


def test_nothing_of_another_case_is_in_any_byte(package: Path) -> None:
    """Also as JSON escapes, in base64 and inside what is compressed."""
    forms = [
        form
        for word in OF_OTHERS
        for form in (
            word.encode(),
            json.dumps(word).strip('"').encode(),
            word.encode("utf-16-le"),
            *(base64.b64encode(b"x" * pad + word.encode())[4:-4] for pad in range(3)),
        )
        if len(form) > 4
    ]
    for name, content in files_of(package).items():
        hidden = b""
        if name.endswith(".wacz"):
            hidden = gzip.decompress(warc_of(package, Path(name).stem))
        if "/proof-" in name:
            hidden = b"".join(base64.b64decode(each["entry"]) for each in json.loads(content)["entries"])
        found = [form for form in forms if form in content + hidden]
        assert (name, found) == (name, [])


def test_custody_has_the_entries_of_these_files_alone_and_proves_them(
    handed_over: HandedOver, package: Path
) -> None:
    note = (package / "data/custody/checkpoint.txt").read_text()
    frozen = handed_over.selection.checkpoint
    assert frozen is not None
    assert note.splitlines()[:2] == [frozen.origin, str(frozen.size)]
    proofs = sorted((package / "data/custody").glob("proof-*.json"))
    keys = {
        each["warc_key"]
        for number in (FIRST, SECOND, THIRD)
        for each in loaded(package, f"records/{number}.json")["places"]
    }
    assert {json.loads(each.read_bytes())["warc_key"] for each in proofs} == keys
    for path in proofs:
        proof = json.loads(path.read_bytes())
        assert proof["checkpoint"] == note
        assert is_proved(proof, proof["verifier_keys"][0])
        entries = [json.loads(base64.b64decode(each["entry"])) for each in proof["entries"]]
        crawl_id = next(each["details"]["crawl_id"] for each in entries if each["event"] == "deposited")
        assert {each["subject_id"] for each in entries} <= {proof["warc_key"], crawl_id}
        assert [each["outlet"] for each in proof["receipts"]] == ["notebook"]
    assert len(list((package / "data/custody/tokens").iterdir())) == 1


def test_opened_values_are_those_that_entries_commit_to_and_no_others(package: Path) -> None:
    entries = {}
    for path in (package / "data/custody").glob("proof-*.json"):
        for each in json.loads(path.read_bytes())["entries"]:
            entry = json.loads(base64.b64decode(each["entry"]))
            entries[entry["seq"]] = entry
    opened = loaded(package, "custody/opened.json")
    assert opened["format"] == "letapis/opened/1"
    for each in opened["values"]:
        committed = Digest.parse(entries[each["entry"]]["committed"][each["name"]])
        assert opens(committed, each["salt"], each["name"], each["value"])
    assert {each["name"] for each in opened["values"]} == {"clock", "details.facts"}
    facts = [each["value"] for each in opened["values"] if each["name"] == "details.facts"]
    assert [each["reason"]["value"] for each in facts] == [OWN_REASON, OWN_REASON]
    assert OTHERS_REASON not in json.dumps(opened)


def test_records_keep_the_wording_of_the_source_beside_our_reading(handed_over: HandedOver, package: Path) -> None:
    (record,) = loaded(package, f"records/{SECOND}.json")["records"]
    assert record["id"] == handed_over.article
    assert [each["content"]["text"] for each in record["sightings"]] == [
        "Суд пачнецца а 10-й.",
        "Суд пачнецца а 11-й.",
    ]
    assert "published_raw" in record["sightings"][0]["content"]


def test_the_load_file_has_a_line_for_each_exhibit_and_computes_nothing(package: Path) -> None:
    text = (package / "data/records/load-file.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [each["exhibit"] for each in rows] == [FIRST, SECOND, THIRD]
    assert rows[0]["title"] == "'=1+1 page"
    assert (rows[0]["kind"], rows[0]["source"], rows[0]["address"]) == ("capture", "kanal", PAGE)
    assert (rows[1]["first_captured_at"], rows[1]["last_captured_at"]) == (
        "2026-11-20T21:00:00Z",
        "2026-12-05T21:00:00Z",
    )
    for each in rows:
        content = (package / each["file"]).read_bytes()
        assert (each["file_sha256"], int(each["file_bytes"])) == (
            hashlib.sha256(content).hexdigest(),
            len(content),
        )


def test_linked_data_and_events_name_the_exhibits_and_no_person(package: Path) -> None:
    nodes = loaded(package, "records/case.jsonld")["@graph"]
    numbers = [each["case-investigation:exhibitNumber"] for each in nodes if "ProvenanceRecord" in each["@type"]]
    assert numbers == [FIRST, SECOND, THIRD]
    known = {each["@id"] for each in nodes}
    for each in nodes:
        assert {ref["@id"] for ref in each.get("uco-core:object", [])} <= known
    events = etree.parse(package / "data/records/premis.xml")
    names = {"p": PREMIS}
    assert {each.text for each in events.iterfind(".//p:eventType", names)} == {
        "capture",
        "ingestion",
        "information package creation",
    }
    assert {each.text for each in events.iterfind(".//p:agentType", names)} == {"software"}


def test_media_have_their_format_by_pronom_or_the_reason_why_not(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    known, unknown = str(handed_over.repeated.payload_digest), str(sha256(b"in no capture of the exhibit"))
    page = replace(handed_over.selection.exhibits[0], media=(known, unknown))
    selection = replace(handed_over.selection, exhibits=(page,))

    built = build_package(handed_over.archive, selection, tmp_path / "package", key=package_key)

    assert built.folder is not None
    first, second = loaded(built.folder, f"records/{FIRST}.json")["media"]
    (found,) = first["format"]["formats"]
    assert (first["sha256"], found["pronom_id"], found["media_type"]) == (known, "fmt/11", "image/png")
    assert (second["format"]["formats"], second["format"]["reason"]) == ([], NOT_READ)
    names = {"p": PREMIS}
    objects = etree.parse(built.folder / "data/records/premis.xml").getroot()
    registered = {
        each.findtext(".//p:objectIdentifierValue", None, names): each.findtext(
            ".//p:formatRegistryKey", None, names
        )
        for each in objects.iterfind("p:object", names)
    }
    assert registered[known] == "fmt/11"
    assert registered[f"data/evidence/{FIRST}.wacz"] == "fmt/1840"
    assert unknown not in registered


def test_what_analysts_found_out_goes_along_as_it_stood_when_the_selection_was_frozen(
    handed_over: HandedOver, package: Path, package_key: PackageKey, tmp_path: Path
) -> None:
    archive, article = handed_over.archive, handed_over.article
    (before,) = loaded(package, f"records/{SECOND}.json")["verification"]
    assert (before["status"], before["people"], before["since"]) == ("unverified", None, None)
    analysts = [Viewer(name, Role.COLLECTOR, every_label=True) for name in ("analityk-1", "analityk-2")]
    first = loaded(package, f"records/{SECOND}.json")["records"][0]["sightings"][0]["version_id"]
    found = Findings("Мінск, суд", None, "=супастаўлена з раскладам", "нататка для сваіх")
    proposal = propose_finding(
        archive, article, VerificationStatus.VERIFIED, found, actor=analysts[0], version_id=first
    )
    confirm_finding(archive, proposal.seq, actor=analysts[1])
    later = replace(
        handed_over.selection, frozen_at=(datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    )
    build_package(archive, later, tmp_path / "later", key=package_key)

    (status,) = loaded(tmp_path / "later", f"records/{SECOND}.json")["verification"]
    assert status.pop("since") < later.frozen_at.isoformat()
    assert status == {
        "subject_kind": "record",
        "subject_id": article,
        "status": "verified",
        "version_id": first,
        "is_newest_version_here": False,
        "place": "Мінск, суд",
        "happened": None,
        "method": "=супастаўлена з раскладам",
        "people": 2,
    }
    text = (tmp_path / "later/data/records/load-file.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [each["verification"] for each in rows] == ["", "verified", ""]
    assert rows[1]["verification_method"] == "'=супастаўлена з раскладам"
    nodes = loaded(tmp_path / "later", "records/case.jsonld")["@graph"]
    (annotation,) = [each for each in nodes if each["@type"] == "uco-core:Annotation"]
    assert annotation["uco-core:tag"] == ["verified"]
    report = (tmp_path / "later/data/report/report.html").read_text()
    assert "von zwei Menschen bestätigt" in report
    assert "Die Quelle hat den Eintrag seither geändert." in report
    for name, content in files_of(tmp_path / "later").items():
        hidden = [word for word in ("analityk-", "нататка для сваіх") if word.encode() in content]
        assert (name, hidden) == (name, [])


def test_the_first_page_is_in_the_language_of_the_recipient_and_in_english(package: Path) -> None:
    text = (package / "data/README.txt").read_text()
    assert text.startswith("BEWEISPAKET ")
    assert "EVIDENCE PACKAGE " in text
    assert "Prosecutor's Office, Example" in text


def test_report_and_verifier_go_along_and_the_verifier_finds_nothing_wrong(
    handed_over: HandedOver, package: Path
) -> None:
    assert (package / "data/report/report.pdf").read_bytes().startswith(b"%PDF-")
    assert FIRST in (package / "data/report/report.html").read_text()
    verifier = package / "data/verify/verify.py"
    done = subprocess.run(
        [sys.executable, "-I", str(verifier), str(package), "--json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_wherever_the_package_is_altered_its_verifier_names_the_file(package: Path, tmp_path: Path) -> None:
    with without_openssl():
        for seed in range(12):
            done, report = attack_once(package, tmp_path / "copy", seed)
            assert is_named(done, report), done
            assert done.record_at is None or names_record(done, report), done


def test_the_frozen_selection_goes_along_as_it_is(handed_over: HandedOver, package: Path) -> None:
    assert (package / "data/selection.json").read_bytes() == handed_over.selection.to_json()


def test_parts_joined_are_one_zip_of_the_same_bag(
    handed_over: HandedOver, package: Path, built: BuiltPackage, package_key: PackageKey, tmp_path: Path
) -> None:
    steps: list[PackageProgress] = []
    parted = build_package(
        handed_over.archive,
        handed_over.selection,
        tmp_path / "package",
        key=package_key,
        parts=Parts(1 << 16),
        on_progress=steps.append,
    )
    assert parted.folder is None
    assert parted.digest == built.digest
    names = [each.path.name for each in parted.parts]
    assert len(names) > 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["package.parts.txt", *names]
    listed = (tmp_path / "package.parts.txt").read_text().split()
    joined = b"".join((tmp_path / name).read_bytes() for name in names)
    assert listed[::2] == [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names]
    with zipfile.ZipFile(io.BytesIO(joined)) as whole:
        assert whole.testzip() is None
        inside = {name.removeprefix("package/"): whole.read(name) for name in whole.namelist()}
    assert inside == files_of(package)
    assert [*dict.fromkeys(each.step for each in steps)] == ["read", "exhibits", "custody", "report", "bag", "zip"]
    assert all(0 <= each.done <= each.total for each in steps)


def test_a_selection_that_names_what_is_no_longer_shown_becomes_no_package(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    gone = exhibit(4, ExhibitKind.CAPTURE, "urn:uuid:gone", "gone", (), {"urn:uuid:gone": "subject"})
    selection = replace(handed_over.selection, exhibits=(*handed_over.selection.exhibits, gone))
    with pytest.raises(PackageRefusedError, match=r"LTP-2026-000004: expected captures that the archive shows"):
        build_package(handed_over.archive, selection, tmp_path / "package", key=package_key)
    with pytest.raises(PackageRefusedError, match="expected at least one exhibit, found none"):
        empty = replace(selection, exhibits=())
        build_package(handed_over.archive, empty, tmp_path / "package", key=package_key)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_left_as_it_is(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    taken = tmp_path / "package"
    taken.mkdir()
    with pytest.raises(PackageRefusedError, match="expected a name that is free, found something"):
        build_package(handed_over.archive, handed_over.selection, taken, key=package_key)
    assert list(tmp_path.rglob("*")) == [taken]


def test_a_disk_that_takes_no_more_leaves_nothing_under_the_name(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, hard))
    try:
        with pytest.raises(PackageDiskError, match="build it again of the same selection"):
            build_package(handed_over.archive, handed_over.selection, tmp_path / "package", key=package_key)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_too_small_a_disk_is_told_before_anything_is_written(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(PackageDiskError, match="found a full disk"):
        build_package(handed_over.archive, handed_over.selection, tmp_path / "package", key=package_key)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_away_leaves_nothing_under_the_name(
    handed_over: HandedOver, package_key: PackageKey, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = ObjectStore(
        f"http://127.0.0.1:{port}",
        "bucket",
        access_key="a",
        secret_key="b",
        region="us-east-1",
        lock_mode="governance",
        lock_days=1,
        attempts=1,
    )
    archive = replace(handed_over.archive, objects=away)
    with pytest.raises(StoreUnreachableError):
        build_package(archive, handed_over.selection, tmp_path / "package", key=package_key)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_beside_is_no_part_of_the_next_package(
    handed_over: HandedOver, package: Path, package_key: PackageKey, tmp_path: Path
) -> None:
    left = tmp_path / ".package.begun" / "package" / "data"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    built = build_package(handed_over.archive, handed_over.selection, tmp_path / "package", key=package_key)
    assert built.folder is not None
    assert files_of(built.folder) == files_of(package)
