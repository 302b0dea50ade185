"""The program that receivers of a package run: what holds is said to hold, and whatever was altered is named."""

import ast
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.verify_attacks import (
    ATTACKS,
    attack_once,
    check,
    flip_bit_of_zip,
    is_named,
    names_record,
    without_openssl,
    zipped,
)
from pipeline.handover.verifier import verify
from processors.rfc3161.cms import content_info
from processors.rfc3161.token import time_query
from processors.rfc4998.evidence_record import ArchiveTimeStamp, first_record
from processors.rfc4998.hash_tree import hash_tree
from processors.transparency_log.merkle import inclusion_proof, leaf_hash, merkle_root, range_root
from tests.moving_authority import YEAR, MovingAuthority
from tests.pipeline.handover.small_package import (
    NUMBERS,
    VERIFIER,
    SmallPackage,
    read_wacz,
    write_bag,
    write_wacz,
    write_zip,
)

PROGRAM = VERIFIER / "verify.py"


def renewed_checkpoint(folder: Path, at: Path) -> Path:
    """An evidence record over the checkpoint of a package, in its place, with the certificates of its tokens."""
    moving = MovingAuthority(at, at=datetime(2026, 11, 30, tzinfo=UTC))
    note = (folder / "data" / "custody" / "checkpoint.txt").read_bytes()
    record = first_record(moving.reply(time_query(note).content))
    for number, algorithm in ((2, "sha256"), (1, "sha512")):
        moving.move(2 * YEAR)
        others = [f"another {each}".encode() for each in range(number)]
        tree = hash_tree([record.to_be_stamped(note, algorithm), *others], algorithm)
        token = content_info(moving.reply(time_query(tree.stamped, algorithm).content))
        record = record.renewed(ArchiveTimeStamp(algorithm, tree.reduced[0], token))
    custody = folder / "data" / "custody"
    (custody / "evidence-records").mkdir()
    shutil.copy(moving.roots, custody / "certificates" / "moving.pem")
    place = custody / "evidence-records" / "checkpoint.3.er"
    place.write_bytes(record.encoded())
    write_bag(folder)
    return place


def other_pythons() -> list[str]:
    """The oldest and the newest interpreter from 3.8 on that starts here; this one where there is no other."""
    named = [shutil.which(name) for name in ("python3.8", "python3.9", "python3.12", "python3.13", "pypy3")]
    beside = Path(sys.base_prefix).parent.glob("3.*/bin/python")
    asked = "import sys; print(*map('{:03d}'.format, sys.version_info[:3]))"
    found: dict[str, str] = {}
    for each in (*filter(None, named), *map(str, beside)):
        ran = subprocess.run([each, "-I", "-S", "-c", asked], capture_output=True, text=True, check=False)
        if ran.returncode == 0 and ran.stdout >= "003 008":
            found[ran.stdout] = each
    ordered = [found[version] for version in sorted(found)] or [sys.executable]
    return sorted({ordered[0], ordered[-1]})


def run(
    *arguments: str, python: str = sys.executable, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The program in an interpreter without our packages, and an environment without anything."""
    environment = {"PATH": os.environ["PATH"] if path is None else path}
    command = [python, "-I", "-S", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)


def wrong(folder: Path, outside: verify.Outside | None = None) -> dict[str, list[str]]:
    """What is said to be wrong, by area."""
    report = verify.Report()
    found = verify.find_package(str(folder), report)
    with without_openssl():
        verify.verify(found, report, outside or verify.Outside([], [], []))
    said: dict[str, list[str]] = {}
    for each in report.of(verify.WRONG):
        said.setdefault(each.area, []).append(f"{each.subject}: {each.words}")
    return said


@pytest.fixture
def copy(package: SmallPackage, tmp_path: Path) -> SmallPackage:
    return package.copy(tmp_path / "copy")


def proof_of(package: SmallPackage) -> Path:
    return sorted((package.folder / "data" / "custody").glob("proof-*.json"))[0]


def change(path: Path, edit: Callable[[Any], None]) -> None:
    """Edit a JSON file, and leave every manifest as if nothing had been done to it."""
    value = json.loads(path.read_bytes())
    edit(value)
    path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    bag = next(each for each in path.parents if (each / "bagit.txt").exists())
    write_bag(bag)


def test_a_package_that_holds_is_said_to_hold_with_the_keys_known_elsewhere(package: SmallPackage) -> None:
    keys = (
        "--log-key",
        package.log_key,
        "--witness-key",
        package.witness_key,
        "--package-key",
        package.package_key,
    )
    ran = run(str(package.folder / "data" / "verify" / "verify.py"), *keys)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "RESULT: NOTHING IS WRONG in what could be checked" in ran.stdout
    for sentence in (
        "Every file has the SHA-256 and the SHA-512 of the manifests; none is missing, none was added.",
        "its 8 records have the digests that it names; its signature holds.",
        "They are signed by the key that you gave.",
        "Each of 3 entries names the SHA-256 of the entry before it",
        "and the witness witness.example/w1 (at 2026-11-30 00:53:20 UTC by its clock) has confirmed.",
        "8 values are those that the entries of custody have committed to",
        "The authority's signature holds, as `openssl` says",
        "All of this file's 8 records are here, and together they have the SHA-256 of its deposit.",
        "Its way into Bitcoin was not checked",
        "5 records come from this file. That they lie in it",
        "WHAT NO CHECK OF A PACKAGE SHOWS",
    ):
        assert sentence in ran.stdout


def test_without_openssl_the_report_says_which_signatures_nobody_checked(package: SmallPackage) -> None:
    ran = run(str(PROGRAM), str(package.folder), path="/nowhere")
    assert ran.returncode == 0
    assert "The authority's signature was not checked: `openssl` is not on this computer." in ran.stdout
    assert "as `openssl` says" not in ran.stdout


def test_the_findings_are_given_as_json_as_well(package: SmallPackage) -> None:
    ran = run(str(PROGRAM), "--json", str(package.folder))
    found = json.loads(ran.stdout)
    assert found["findings"]
    assert {key: found[key] for key in ("format", "result", "files", "records", "entries")} == {
        "format": "letapis/verification/1",
        "result": "ok",
        "files": len([each for each in package.folder.rglob("*") if each.is_file()]),
        "records": 13,
        "entries": 4,
    }
    assert {each["result"] for each in found["findings"]} == {"ok", "not_checked"}


def test_it_is_written_for_python_3_8_and_imports_the_standard_library_alone() -> None:
    tree = ast.parse(PROGRAM.read_text("utf-8"), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names}


def test_older_and_newer_interpreters_come_to_the_same_result(package: SmallPackage) -> None:
    for python in other_pythons():
        ran = run(str(PROGRAM), "--json", str(package.folder), python=python)
        assert (ran.stderr, json.loads(ran.stdout)["result"], ran.returncode) == ("", "ok", 0), python


def test_a_zip_in_parts_is_read_like_the_folder(package: SmallPackage, tmp_path: Path) -> None:
    parts = write_zip(package.folder, tmp_path / "handed.zip", part_bytes=50_000)
    ran = run(str(PROGRAM), str(parts[0]))
    assert (ran.returncode, len(parts) > 2) == (0, True)
    content = bytearray(parts[1].read_bytes())
    content[100] ^= 1
    parts[1].write_bytes(content)
    ran = run(str(PROGRAM), str(parts[0]))
    assert ran.returncode == 1
    assert "handed.zip.002: This part: expected SHA-256" in ran.stdout
    parts[-1].unlink()
    assert run(str(PROGRAM), str(parts[0])).returncode == 2


@pytest.mark.parametrize(
    "arguments", [(), ("nowhere",), (str(VERIFIER),), (str(PROGRAM),), ("--log-key", "x", ".")]
)
def test_where_there_is_no_package_one_sentence_says_so(arguments: tuple[str, ...]) -> None:
    ran = run(str(PROGRAM), *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("No package could be checked: ")
    assert ran.stderr.count("\n") == 1


def test_wherever_a_package_is_altered_the_file_is_named(package: SmallPackage, tmp_path: Path) -> None:
    with without_openssl():
        for seed in range(36):
            done, report = attack_once(package.folder, tmp_path / "copy", seed)
            assert is_named(done, report), done
            assert done.record_at is None or names_record(done, report), done


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_file_that_is_not_what_it_was_is_named(attack: Any, copy: SmallPackage) -> None:
    done = attack(copy.folder, random.Random(7))
    with without_openssl():
        assert is_named(done, check(copy.folder))


def test_a_bit_of_the_frame_of_a_zip_does_not_pass(package: SmallPackage, tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    zipped(package.folder, path)
    whole = path.read_bytes()
    with without_openssl():
        assert wrong(path) == {}
        for seed in range(12):
            assert flip_bit_of_zip(whole, path, seed), seed


def test_a_record_exchanged_with_all_digests_made_anew_breaks_the_signature(copy: SmallPackage) -> None:
    path = copy.folder / "data" / "evidence" / f"{NUMBERS[0]}.wacz"
    members = read_wacz(path)
    members["pages/pages.jsonl"] += b'{"url": "https://forged.example/"}\n'
    write_wacz(path, members, ec.generate_private_key(ec.SECP384R1()))
    write_bag(copy.folder)
    said = wrong(copy.folder)
    assert any("signed by another key than" in each for each in said["evidence"])
    assert wrong(copy.folder, verify.Outside([], [], [copy.package_key]))["evidence"]


def test_a_signature_of_other_bytes_does_not_hold(copy: SmallPackage) -> None:
    one, other = (copy.folder / "data" / "evidence" / f"{number}.wacz" for number in NUMBERS)
    members = read_wacz(other)
    write_wacz(other, members | {"pages/pages.jsonl": b"{}\n"}, copy.signing)
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        stated = json.loads(second.read("datapackage-digest.json"))
        stated["signedData"]["signature"] = json.loads(first.read("datapackage-digest.json"))["signedData"][
            "signature"
        ]
        whole = {name: second.read(name) for name in second.namelist()}
    with zipfile.ZipFile(other, "w") as out:
        for name, content in (whole | {"datapackage-digest.json": json.dumps(stated).encode()}).items():
            out.writestr(name, content)
    write_bag(copy.folder)
    assert any("the signature (ECDSA) does not hold" in each for each in wrong(copy.folder)["evidence"])


def test_records_that_are_not_those_of_the_deposited_file_are_named(copy: SmallPackage) -> None:
    """Whoever holds the key of packages can sign anything; custody still names the digest of the whole file."""

    def forge(exhibit: Any) -> None:
        exhibit["places"] = [
            each | {"offset": exhibit["places"][0]["offset"]} if each is exhibit["places"][-1] else each
            for each in exhibit["places"]
        ]
        exhibit["places"][0]["record_id"] = "urn:uuid:00000000-0000-4000-8000-000000000000"

    change(copy.folder / "data" / "records" / f"{NUMBERS[0]}.json", forge)
    (said,) = wrong(copy.folder)["selection"]
    assert "its WACZ holds no such record there" in said


def edit_entry(proof: Any) -> None:
    entry = base64.b64decode(proof["entries"][0]["entry"]).replace(b'"deposited"', b'"depositeD"')
    proof["entries"][0]["entry"] = base64.b64encode(entry).decode()


def edit_path(proof: Any) -> None:
    proof["entries"][1]["path"][0] = proof["entries"][0]["path"][0]


def edit_size(proof: Any) -> None:
    proof["checkpoint"] = proof["checkpoint"].replace("\n10\n", "\n11\n", 1)


def edit_time(proof: Any) -> None:
    proof["tokens"][0]["time"] = "2020-01-01T00:00:00Z"


def edit_token(proof: Any) -> None:
    proof["tokens"][0]["token"] = next(
        each["content"] for each in proof["receipts"] if each["name"].endswith("tsr")
    )


def edit_stamp(proof: Any) -> None:
    (ots,) = (each for each in proof["receipts"] if each["name"].endswith("ots"))
    ots["content"] = ots["content"][:60] + ("A" if ots["content"][60] != "A" else "B") + ots["content"][61:]


@pytest.mark.parametrize(
    ("edit", "area", "words"),
    [
        (edit_entry, "custody", "its path does not lead to the root of the checkpoint"),
        (edit_path, "custody", "its path does not lead to the root of the checkpoint"),
        (edit_size, "custody", "the signature of its checkpoint by"),
        (edit_time, "time", "Beside it another time is said than the token says"),
        (edit_token, "time", "The token is about another digest"),
        (edit_stamp, "time", "of nothing in this package"),
    ],
)
def test_a_proof_of_custody_that_was_edited_does_not_hold_though_every_manifest_fits(
    copy: SmallPackage, edit: Callable[[Any], None], area: str, words: str
) -> None:
    change(proof_of(copy), edit)
    assert any(words in each for each in wrong(copy.folder)[area])


def test_an_opened_value_that_was_edited_is_named_by_its_entry(copy: SmallPackage) -> None:
    def edit(opened: Any) -> None:
        opened["values"][0]["value"] = "somebody else"

    change(copy.folder / "data" / "custody" / "opened.json", edit)
    (said,) = wrong(copy.folder)["opened"]
    assert "actor of entry 1: It was altered: it is not the value that was committed to." in said


def test_a_log_with_another_key_than_the_one_noted_does_not_hold(package: SmallPackage) -> None:
    noted = verify.read_note_key(package.witness_key)._replace(kind=1)
    said = wrong(package.folder, verify.Outside([noted], [], []))
    assert any("has signed its checkpoint" in each for each in said["custody"])


def test_an_exhibit_left_out_or_slipped_in_is_named(copy: SmallPackage) -> None:
    change(copy.folder / "data" / "selection.json", lambda value: value["exhibits"].pop())
    assert any("it was not selected" in each for each in wrong(copy.folder)["selection"])


def test_what_a_package_says_cannot_move_the_cursor_of_whoever_reads_the_report(copy: SmallPackage) -> None:
    (copy.folder / "data" / "a\x1b[2Jb\u202e.txt").write_bytes(b"")
    ran = run(str(PROGRAM), str(copy.folder))
    assert ran.returncode == 1
    assert "data/a\\u001b[2Jb\\u202e.txt: It was added or renamed" in ran.stdout


def test_a_link_in_a_package_is_not_followed(copy: SmallPackage) -> None:
    (copy.folder / "data" / "link").symlink_to("/etc")
    assert wrong(copy.folder)["files"] == ["data/link: It is no file but a link or a device; it was not followed."]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=50)
@given(json_values)
def test_json_has_the_canonical_form_that_the_archive_commits_to(value: Any) -> None:
    assert verify.canonical(value) == rfc8785.dumps(value)


@given(st.integers(1, 70), st.data())
def test_paths_of_the_log_lead_to_its_root_and_no_other_does(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size, lambda level, at: merkle_root(leaves[at << level : (at + 1) << level]))
    root = range_root(0, size, lambda level, at: merkle_root(leaves[at << level : (at + 1) << level]))
    assert verify.includes(leaves[index], index, size, path, root)
    assert not verify.includes(leaf_hash(b"another"), index, size, path, root)
    assert not verify.includes(leaves[index], index, size, (*path, root), root)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda curve: curve.name)
@pytest.mark.parametrize("message", [b"", b"sha256:00", b"x" * 1000])
def test_signatures_of_both_curves_are_verified_as_openssl_makes_them(
    curve: ec.EllipticCurve, message: bytes
) -> None:
    private = ec.generate_private_key(curve)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = private.sign(message, ec.ECDSA(SHA256()))
    key = verify.read_ecdsa_key(spki)
    assert verify.ecdsa_verifies(key, signature, message)
    assert not verify.ecdsa_verifies(key, signature, message + b".")
    other = ec.generate_private_key(curve).sign(message, ec.ECDSA(SHA256()))
    assert not verify.ecdsa_verifies(key, other, message)


@pytest.fixture
def ed25519() -> Iterator[Ed25519PrivateKey]:
    yield Ed25519PrivateKey.generate()


@pytest.mark.parametrize("message", [b"", b"checkpoint\n10\n", b"x" * 1000])
def test_ed25519_signatures_are_verified_and_every_bit_of_them_counts(
    ed25519: Ed25519PrivateKey, message: bytes
) -> None:
    public, signature = ed25519.public_key().public_bytes_raw(), ed25519.sign(message)
    assert verify.ed25519_verifies(public, signature, message)
    for bit in range(0, 512, 37):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verify.ed25519_verifies(public, bytes(flipped), message)


@given(st.lists(st.binary(max_size=3000), max_size=5), st.integers(1, 900))
def test_a_body_sent_in_chunks_is_joined_wherever_it_is_cut(parts: list[bytes], step: int) -> None:
    sent = b"".join(b"%x;ext\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
    chunks = verify.Chunks()
    cut = [sent[at : at + step] for at in range(0, len(sent), step)]
    assert b"".join(piece for each in cut for piece in chunks.take(each)) == b"".join(parts)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_token_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(verify.DamageError):
        verify.read_token(content)


def test_a_renewed_token_is_explained_and_a_changed_one_is_named(package: SmallPackage, tmp_path: Path) -> None:
    copy = package.copy(tmp_path / "package")
    record = renewed_checkpoint(copy.folder, tmp_path / "moving")
    found = [each for each in check(copy.folder).findings if "evidence-records" in each.subject]

    assert [each.result for each in found] == [verify.OK] * 4
    (told,) = [each.words for each in found if each.subject.endswith(".er")]
    assert told.startswith("Its first token is about the checkpoint over ")
    assert "2 newer tokens cover it, each the one before, the last of 2030-11-29" in told
    content = bytearray(record.read_bytes())
    content[len(content) // 2] ^= 1
    record.write_bytes(content)
    write_bag(copy.folder)
    assert any("The evidence record was altered" in each for each in wrong(copy.folder)["time"])
