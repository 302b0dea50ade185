"""A witness elsewhere (a folder, a port, a process of its own) cosigns what grows, and names what does not."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml

from pipeline.config.log_signer import open_signer, prepare_signer
from pipeline.config.settings import Settings
from pipeline.preserve.checkpoint import sign_and_deliver
from pipeline.preserve.held_checkpoints import outside_log
from pipeline.preserve.verify import verify
from pipeline.witness.folder import WitnessFolder, WitnessFolderError
from pipeline.witness.witness import Witness
from processors.transparency_log.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from processors.transparency_log.cosignature import cosignatures
from processors.transparency_log.merkle import leaf_hash, merkle_root
from processors.transparency_log.signed_note import SigningKey, VerifierKey, parse_note
from processors.transparency_log.witness_request import WitnessRequest
from storage.archive import Archive
from storage.log.deliveries import deliveries
from tests.storage.log.log_archive import add_entries

LOG = SigningKey.generate("log.example/archive")
LEAVES = [f"entry {number}".encode() for number in range(9)]


def checkpoint(size: int, leaves: list[bytes] = LEAVES, log: SigningKey = LOG) -> bytes:
    root = merkle_root([leaf_hash(each) for each in leaves[:size]])
    return bytes(sign_checkpoint(Checkpoint(log.name, size, root), log))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    folder = WitnessFolder(tmp_path / "witness")
    key = folder.prepare("witness.example/w1")
    folder.add_logs((LOG.verifier_key,))
    return Witness(folder, key)


def test_the_first_checkpoint_is_cosigned_and_kept(witness: Witness) -> None:
    answer = witness.answer(bytes(WitnessRequest(0, (), checkpoint(3))))
    assert answer.status == 200
    kept = witness.folder.newest(LOG.name)
    assert kept is not None
    assert kept == checkpoint(3) + answer.body
    (cosigned,) = cosignatures(parse_note(kept), (witness.key.verifier_key,))
    assert abs(cosigned.at_s - time.time()) < 60


def test_the_size_that_it_knows_is_told_to_whoever_is_mistaken(witness: Witness) -> None:
    witness.answer(bytes(WitnessRequest(0, (), checkpoint(3))))
    answer = witness.answer(bytes(WitnessRequest(0, (), checkpoint(5))))
    assert (answer.status, answer.body, answer.media_type) == (409, b"3\n", "text/x.tlog.size")


def test_another_tree_of_the_same_size_is_a_contradiction_and_kept(witness: Witness) -> None:
    witness.answer(bytes(WitnessRequest(0, (), checkpoint(3))))
    lie = checkpoint(3, [b"another", *LEAVES[1:]])
    answer = witness.answer(bytes(WitnessRequest(3, (), lie)))
    assert answer.status == 409
    assert answer.alarm is not None
    (path,) = witness.folder.contradictions()
    assert path.read_bytes().endswith(lie)
    assert "Entries may have been cut or rewritten" in path.read_text("utf-8")
    assert witness.folder.newest(LOG.name) is not None
    assert read_checkpoint(witness.folder.newest(LOG.name) or b"").root == read_checkpoint(checkpoint(3)).root


def test_a_tree_that_is_not_proved_to_extend_the_last_is_not_cosigned(witness: Witness) -> None:
    witness.answer(bytes(WitnessRequest(0, (), checkpoint(3))))
    rewritten = checkpoint(5, [b"another", *LEAVES[1:]])
    answer = witness.answer(bytes(WitnessRequest(3, (bytes(32), bytes(32), bytes(32)), rewritten)))
    assert answer.status == 422
    assert answer.alarm is not None


def test_what_is_signed_by_nobody_known_or_is_no_request_is_refused(witness: Witness) -> None:
    stranger = SigningKey.generate(LOG.name)
    unknown = SigningKey.generate("other.example/log")
    assert witness.answer(bytes(WitnessRequest(0, (), checkpoint(3, log=stranger)))).status == 403
    assert witness.answer(bytes(WitnessRequest(0, (), checkpoint(3, log=unknown)))).status == 404
    assert witness.answer(bytes(WitnessRequest(9, (), checkpoint(3)))).status == 400
    for body in (b"", b"old x\n\n", b"old 0\nno base64!\n\n" + checkpoint(3), b"old 0\n" + checkpoint(3), b"\xff"):
        assert witness.answer(body).status == 400
    assert witness.folder.newest(LOG.name) is None


def test_two_witnesses_do_not_serve_one_folder(witness: Witness) -> None:
    with (
        witness.folder.held(),
        pytest.raises(WitnessFolderError, match="another witness serves this folder"),
        witness.folder.held(),
    ):
        pass


@contextmanager
def running(folder: Path, *log_keys: str) -> Iterator[dict[str, str]]:
    """`letapis witness` in a process of its own, with nothing of ours in its environment."""
    program = Path(sys.executable).with_name("letapis")
    keys = [part for key in log_keys for part in ("--log-key", key)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    process = subprocess.Popen(
        [
            str(program),
            "witness",
            str(folder),
            "--name",
            "partner.example/w1",
            "--port",
            "0",
            "--json",
            *keys,
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told: dict[str, str] = json.loads(process.stdout.readline())
        _wait_for(told["url"])
        yield told
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/checkpoint?origin=none")
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"no witness answers at {url}")


@pytest.fixture
def logged(archive: Archive, stored_settings: Settings) -> Settings:
    """An archive whose log has begun."""
    prepare_signer(stored_settings)
    add_entries(archive, 3)
    sign_and_deliver(stored_settings, archive)
    return stored_settings


def verifier_key(settings: Settings) -> str:
    signer = open_signer(settings)
    assert signer is not None
    return str(signer.key.verifier_key)


def with_outlets(settings: Settings, folder: Path, *declared: Mapping[str, object]) -> Settings:
    path = folder / "outlets.yaml"
    path.write_text(yaml.safe_dump(list(declared)), "utf-8")
    return replace(settings, outlets=path)


def test_a_witness_elsewhere_cosigns_each_checkpoint_and_shows_the_last_to_verify(
    archive: Archive, logged: Settings, tmp_path: Path
) -> None:
    with running(tmp_path / "partner", verifier_key(logged)) as told:
        partner = {"name": "partner", "kind": "witness", "url": told["url"], "key": told["key"]}
        settings = with_outlets(logged, tmp_path, partner)
        for entries in (2, 5):
            add_entries(archive, entries)
            report = sign_and_deliver(settings, archive)
            assert report.failures() == ()
        with archive.reader.connect() as connection:
            newest, before = deliveries(connection)
        assert (newest.is_witnessed, newest.size - before.size) == (True, 5)
        proof = archive.objects.read(newest.proof_key, newest.proof_version)
        (cosigned,) = cosignatures(parse_note(proof), (VerifierKey.parse(told["key"]),))
        assert cosigned.key.name == "partner.example/w1"
        found = {each.subject: each for each in verify(archive, outside=outside_log(settings, archive))}
        assert found["checkpoint of the outlet partner"].ok


def test_a_witness_that_was_lied_to_says_so_and_keeps_the_lie(
    archive: Archive, logged: Settings, tmp_path: Path
) -> None:
    signer = open_signer(logged)
    assert signer is not None
    with running(tmp_path / "partner", verifier_key(logged)) as told:
        partner = {"name": "partner", "kind": "witness", "url": told["url"], "key": told["key"]}
        sign_and_deliver(with_outlets(logged, tmp_path, partner), archive)
        kept = WitnessFolder(tmp_path / "partner").newest(signer.origin)
        assert kept is not None
        size = read_checkpoint(kept).size
        lie = bytes(sign_checkpoint(Checkpoint(signer.origin, size, bytes(31) + b"\1"), signer.key))
        answer = httpx.post(f"{told['url']}/add-checkpoint", content=bytes(WitnessRequest(size, (), lie)))
        assert answer.status_code == 409
        assert "did not prove that it extends" in answer.text
    (path,) = WitnessFolder(tmp_path / "partner").contradictions()
    assert path.read_bytes().endswith(lie)


class OtherWitness(BaseHTTPRequestHandler):
    """A witness of somebody else's making: it has the one address of the specification."""

    def do_POST(self) -> None:
        """Decide as a witness does."""
        assert isinstance(self.server, OtherWitnessServer)
        answer = self.server.witness.answer(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class OtherWitnessServer(ThreadingHTTPServer):
    """It on loopback."""

    def __init__(self, witness: Witness) -> None:
        super().__init__(("127.0.0.1", 0), OtherWitness)
        self.witness = witness


def test_a_witness_that_shows_no_checkpoint_says_by_its_refusal_which_size_it_knows(
    archive: Archive, logged: Settings, tmp_path: Path
) -> None:
    folder = WitnessFolder(tmp_path / "other")
    other = Witness(folder, folder.prepare("other.example/w1"))
    folder.add_logs((VerifierKey.parse(verifier_key(logged)),))
    with OtherWitnessServer(other) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}"
        declared = {"name": "other", "kind": "witness", "url": url, "key": str(other.key.verifier_key)}
        settings = with_outlets(logged, tmp_path, declared)
        reports = []
        for entries in (2, 5):
            add_entries(archive, entries)
            reports.append(sign_and_deliver(settings, archive))
        server.shutdown()
        serving.join()
    assert [report.failures() for report in reports] == [(), ()]
    with archive.reader.connect() as connection:
        newest, before = deliveries(connection)
    assert newest.size - before.size == 5


def test_a_witness_that_is_away_keeps_the_delivery_pending(
    archive: Archive, logged: Settings, tmp_path: Path
) -> None:
    key = str(WitnessFolder(tmp_path / "away").prepare("away.example/w1").verifier_key)
    away = {"name": "away", "kind": "witness", "url": "http://127.0.0.1:9", "key": key}
    add_entries(archive, 1)
    report = sign_and_deliver(with_outlets(logged, tmp_path, away), archive)
    (sentence,) = report.failures()
    assert "pending at the outlet away" in sentence
    assert "http://127.0.0.1:9" in sentence
