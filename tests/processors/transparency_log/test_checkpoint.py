"""Checkpoints and cosignatures; the checkpoint's text is the example of C2SP tlog-checkpoint."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.transparency_log.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, sign_checkpoint
from processors.transparency_log.cosignature import Cosignature, cosign, cosignatures
from processors.transparency_log.merkle import EMPTY_ROOT, leaf_hash
from processors.transparency_log.signed_note import (
    COSIGNATURE_V1,
    Note,
    NoteRefusedError,
    SignatureLine,
    SigningKey,
    sign_note,
)

TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = SigningKey("example.com/behind-the-sofa", bytes(range(32)))
WITNESS = SigningKey("witness.example.com/w1", bytes(range(1, 33)), COSIGNATURE_V1)
ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")


def test_the_example_of_the_specification_is_read_and_written() -> None:
    checkpoint = Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
    assert Checkpoint.parse(TEXT) == checkpoint
    assert checkpoint.text() == TEXT


@given(st.integers(0, 2**60), st.binary(), st.lists(st.sampled_from(["a", "b c", "ö"]), max_size=2))
def test_a_checkpoint_is_opened_as_it_was_signed(size: int, seed: bytes, extensions: list[str]) -> None:
    root = leaf_hash(seed) if size else EMPTY_ROOT
    checkpoint = Checkpoint(LOG.name, size, root, tuple(extensions))
    content = bytes(sign_checkpoint(checkpoint, LOG))
    assert open_checkpoint(content, [LOG.verifier_key]) == checkpoint
    assert read_checkpoint(content) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("20852163", "-1"),
        TEXT.replace("20852163", "٢"),
        TEXT.replace("20852163", "9" * 20),
        TEXT.replace("CsUY", "Cs"),
        TEXT.replace("q2I=", "q2J="),
        TEXT.replace("example.com/behind-the-sofa", ""),
        TEXT + "\n",
        TEXT + "extension\n\n",
        "example.com/log\n1\n",
        "example.com/log\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ],
)
def test_another_form_of_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefusedError, match="checkpoint"):
        Checkpoint.parse(text)


def test_a_key_that_has_not_the_name_of_the_origin_does_not_sign_a_checkpoint() -> None:
    other = SigningKey("example.com/other", LOG.secret)
    with pytest.raises(ValueError, match="expected a key of that name, found example"):
        sign_checkpoint(Checkpoint.parse(TEXT), other)


def test_a_checkpoint_signed_by_the_key_of_another_log_is_refused() -> None:
    other = SigningKey("example.com/other", bytes(32))
    with pytest.raises(NoteRefusedError, match="expected a key named example"):
        open_checkpoint(bytes(sign_note(TEXT, other)), [other.verifier_key])


def test_a_cosignature_says_when_a_witness_saw_the_checkpoint() -> None:
    note = sign_checkpoint(Checkpoint.parse(TEXT), LOG)
    line = cosign(note.text, WITNESS, 1679315147)
    cosigned = Note(note.text, (*note.signatures, line))
    expected = Cosignature(WITNESS.verifier_key, 1679315147)
    assert cosignatures(cosigned, [WITNESS.verifier_key]) == (expected,)
    assert expected.at == datetime(2023, 3, 20, 12, 25, 47, tzinfo=UTC)
    assert open_checkpoint(bytes(cosigned), [LOG.verifier_key]) == Checkpoint.parse(TEXT)


def test_what_a_witness_signs_is_the_text_under_two_lines_of_its_own() -> None:
    line = cosign(TEXT, WITNESS, 1679315147)
    assert line.key_id == WITNESS.verifier_key.key_id
    assert line.signature[:8] == (1679315147).to_bytes(8, "big")
    message = f"cosignature/v1\ntime 1679315147\n{TEXT}".encode()
    assert WITNESS.verifier_key.verifies(line.signature[8:], message)


def test_a_published_cosignature_gives_its_time() -> None:
    """The line of github.com/transparency-dev/formats, note/note_cosigv1_test.go: made at 1727964367."""
    content = base64.b64decode(
        "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA=="
    )
    assert int.from_bytes(content[4:12], "big") == 1727964367
    assert len(content) == 4 + 8 + 64


@given(st.integers(0, 75), st.integers(1, 255))
def test_a_cosignature_with_one_byte_changed_is_refused_or_of_no_known_witness(at: int, by: int) -> None:
    line = cosign(TEXT, WITNESS, 1679315147)
    content = bytearray(line.key_id + line.signature)
    content[at] ^= by
    note = Note(TEXT, (SignatureLine(line.name, bytes(content[:4]), bytes(content[4:])),))
    if at < 4:
        assert cosignatures(note, [WITNESS.verifier_key]) == ()
    else:
        with pytest.raises(NoteRefusedError, match="cosignature"):
            cosignatures(note, [WITNESS.verifier_key])


def test_a_cosignature_of_another_text_is_refused() -> None:
    note = Note(TEXT.replace("20852163", "20852164"), (cosign(TEXT, WITNESS, 1679315147),))
    with pytest.raises(NoteRefusedError, match="expected one by witness"):
        cosignatures(note, [WITNESS.verifier_key])


def test_a_cosignature_that_breaks_off_is_refused() -> None:
    line = cosign(TEXT, WITNESS, 1679315147)
    note = Note(TEXT, (SignatureLine(line.name, line.key_id, line.signature[:-1]),))
    with pytest.raises(NoteRefusedError, match="expected a time and 64 bytes"):
        cosignatures(note, [WITNESS.verifier_key])


def test_the_key_of_a_log_makes_no_cosignature() -> None:
    with pytest.raises(ValueError, match="expected a key of kind 4"):
        cosign(TEXT, LOG, 1)


def test_a_witness_signs_no_checkpoint_as_its_log() -> None:
    with pytest.raises(ValueError, match="expected an Ed25519 key"):
        sign_note(TEXT, WITNESS)
