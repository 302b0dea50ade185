"""The page and the file with the proof of a capture's entries of custody."""

import json
from pathlib import Path

from fastapi.testclient import TestClient

from processors.transparency_log.checkpoint import open_checkpoint
from storage.log.signing import sign_next_checkpoint
from tests.access.conftest import ARTICLE, Filled
from tests.storage.log.log_archive import signer_at


def test_a_capture_has_a_page_with_its_proof_once_a_checkpoint_covers_it(
    analyst: TestClient, filled: Filled, tmp_path: Path
) -> None:
    capture_id = filled.captures[ARTICLE].id
    before = analyst.get(f"/capture/{capture_id}/proof")
    assert "There is no proof yet" in before.text
    assert analyst.get(f"/capture/{capture_id}/proof/file").status_code == 404

    signer = signer_at(tmp_path / "log.key")
    signed = sign_next_checkpoint(filled.archive, signer, actor="tester")
    assert signed is not None
    shown = analyst.get(f"/capture/{capture_id}/proof")
    assert shown.status_code == 200
    assert signed.note.decode().splitlines()[2] in shown.text
    assert "No witness has confirmed the checkpoint" in shown.text
    file = analyst.get(f"/capture/{capture_id}/proof/file")
    proof = json.loads(file.content)
    assert proof["capture_id"] == capture_id
    assert open_checkpoint(proof["checkpoint"].encode(), [signer.key.verifier_key]) == signed.checkpoint
    assert "deposited" in [each["event"] for each in proof["entries"]]
    assert "attachment" in file.headers["content-disposition"]


def test_a_capture_that_is_not_there_has_no_proof(analyst: TestClient) -> None:
    assert analyst.get("/capture/urn:uuid:00000000-0000-0000-0000-000000000000/proof").status_code == 404
