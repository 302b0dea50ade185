"""The proof file of one capture: checked by a small verifier that shares no code with the archive."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from storage.archive import Archive
from storage.deposit.deposit import Deposited, deposit_file
from storage.log.custody_proof import ProofRefusedError, prove_custody
from storage.log.deliveries import deliver_pending
from storage.log.signing import LogSigner, sign_next_checkpoint
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.log.log_archive import add_entries, signer_at
from tests.storage.log.test_deliveries import Notebook


def is_proved(proof: Mapping[str, Any], noted_key: str) -> bool:
    """What docs/custody-proof.md says, in SHA-256 and Ed25519 alone."""
    text, _, lines = proof["checkpoint"].rpartition("\n\n")
    text += "\n"
    origin, size, root = text.splitlines()[:3]
    name, _, public = noted_key.split("+", 2)
    encoded = base64.b64decode(public)
    key_id = hashlib.sha256(name.encode() + b"\n" + encoded).digest()[:4]
    (signed,) = re.findall(rf"^— {re.escape(name)} (\S+)$", lines, re.MULTILINE)
    signature = base64.b64decode(signed)
    if name != origin or signature[:4] != key_id:
        return False
    Ed25519PublicKey.from_public_bytes(encoded[1:]).verify(signature[4:], text.encode())
    for each in proof["entries"]:
        node = hashlib.sha256(b"\x00" + base64.b64decode(each["entry"])).digest()
        at, last = each["index"], int(size) - 1
        for sibling in map(base64.b64decode, each["path"]):
            if at % 2 or at == last:
                node = hashlib.sha256(b"\x01" + sibling + node).digest()
                while at % 2 == 0 and at:
                    at, last = at // 2, last // 2
            else:
                node = hashlib.sha256(b"\x01" + node + sibling).digest()
            at, last = at // 2, last // 2
        if last or base64.b64encode(node).decode() != root:
            return False
    return True


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    return signer_at(tmp_path / "log.key")


@pytest.fixture
def deposited(archive: Archive, tmp_path: Path) -> Deposited:
    add_entries(archive, 3, about="another case ")
    found = deposit_file(archive, crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))]))
    add_entries(archive, 300, about="another case ", published=False)
    return found


def test_a_proof_holds_for_whoever_noted_the_key_and_names_no_other_entry(
    archive: Archive, signer: LogSigner, deposited: Deposited
) -> None:
    sign_next_checkpoint(archive, signer, actor="tester")
    proof = json.loads(json.dumps(prove_custody(archive, deposited.key).as_json(), default=str))
    assert is_proved(proof, str(signer.key.verifier_key))
    said = [json.loads(base64.b64decode(each["entry"])) for each in proof["entries"]]
    assert [each["event"] for each in said] == ["deposited"]
    assert said[0]["subject_digest"] == str(deposited.sha256)
    assert "another case" not in json.dumps(said)
    assert (proof["warc_key"], proof["witnessed"], proof["tokens"]) == (deposited.key, False, [])

    forged = base64.b64decode(proof["entries"][0]["entry"]).replace(b"deposited", b"depositeD")
    proof["entries"][0]["entry"] = base64.b64encode(forged).decode()
    assert not is_proved(proof, str(signer.key.verifier_key))


def test_the_newest_witnessed_checkpoint_is_taken_with_what_the_witness_gave_back(
    archive: Archive, signer: LogSigner, deposited: Deposited
) -> None:
    witnessed = sign_next_checkpoint(archive, signer, actor="tester")
    assert witnessed is not None
    deliver_pending(archive, [Notebook(witnesses=True)])
    add_entries(archive, 1)
    sign_next_checkpoint(archive, signer, actor="tester")
    proof = prove_custody(archive, deposited.key)
    assert (proof.checkpoint.size, proof.witnessed) == (witnessed.size, True)
    assert [each.content for each in proof.receipts] == [b"written on page 1"]
    assert proof.receipts[0].delivery.proof_key.endswith("/notebook.cosignature")


def test_before_the_first_checkpoint_there_is_no_proof(archive: Archive, deposited: Deposited) -> None:
    with pytest.raises(ProofRefusedError, match="expected a checkpoint over its deposit, found none"):
        prove_custody(archive, deposited.key)


def test_of_a_file_that_was_not_deposited_there_is_no_proof(archive: Archive) -> None:
    with pytest.raises(ProofRefusedError, match="expected an entry that tells of its deposit, found none"):
        prove_custody(archive, "warc/none")
