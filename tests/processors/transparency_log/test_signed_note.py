"""Notes and keys; the vectors are those of golang.org/x/mod/sumdb/note and of the C2SP specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.transparency_log.signed_note import (
    COSIGNATURE_V1,
    Note,
    NoteRefusedError,
    SigningKey,
    VerifierKey,
    open_note,
    parse_note,
    sign_note,
)

PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_go_makes_the_same_signature() -> None:
    key = SigningKey.parse(PRIVATE)
    assert str(key.verifier_key) == PETER
    assert key.private_text() == PRIVATE
    assert bytes(sign_note(TEXT, key)) == f"{TEXT}\n{BY_PETER}".encode()


def test_a_note_of_two_signers_is_opened_with_either_key_or_both() -> None:
    content = f"{TEXT}\n{BY_PETER}{BY_ENOCH}".encode()
    peter, enoch = VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)
    assert open_note(content, [peter])[1] == (peter,)
    assert open_note(content, [enoch])[1] == (enoch,)
    note, signed = open_note(content, [enoch, peter])
    assert (note.text, set(signed)) == (TEXT, {peter, enoch})
    assert bytes(note) == content


def test_the_example_of_the_specification_is_opened() -> None:
    key = VerifierKey.parse(SPEC_KEY)
    assert open_note(SPEC_NOTE.encode(), [key])[0].text == "This is an example message.\n"


def test_a_note_without_a_known_signer_is_refused() -> None:
    with pytest.raises(NoteRefusedError) as refused:
        open_note(f"{TEXT}\n{BY_PETER}".encode(), [VerifierKey.parse(ENOCH)])
    assert (refused.value.expected, refused.value.found) == (
        f"one by {ENOCH}",
        "PeterNeumann (key id c74f20a3)",
    )


def test_a_changed_text_is_refused() -> None:
    content = f"{TEXT.replace('answer', 'Answer')}\n{BY_PETER}{BY_ENOCH}".encode()
    with pytest.raises(NoteRefusedError, match="expected one by PeterNeumann"):
        open_note(content, [VerifierKey.parse(PETER)])


def test_a_forged_line_of_a_known_key_refuses_the_note_although_another_key_has_signed() -> None:
    forged = BY_PETER.replace("x08go/ZJ", "x08go/ZK")
    with pytest.raises(NoteRefusedError, match="expected one by PeterNeumann"):
        open_note(f"{TEXT}\n{forged}{BY_ENOCH}".encode(), [VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        TEXT.encode(),
        f"{TEXT}{BY_PETER}".encode(),
        f"{TEXT}\n{BY_PETER}".encode().removesuffix(b"\n"),
        f"{TEXT}\n- PeterNeumann x08go/ZJkuBS9UG\n".encode(),
        f"{TEXT}\n— Peter Neumann x08go/ZJkuBS9UG\n".encode(),
        f"{TEXT}\n— Peter+Neumann x08go/ZJkuBS\n".encode(),
        f"{TEXT}\n— PeterNeumann x08g\n".encode(),
        f"{TEXT}\n— PeterNeumann x08go/ZJkuBS9\n".encode(),
        f"a\tb\n\n{BY_PETER}".encode(),
        f"{TEXT}\n{BY_PETER}".encode().replace(b"answer", b"\xff"),
        f"{TEXT}\n{BY_PETER * 101}".encode(),
        f"{TEXT * 12_000}\n{BY_PETER}".encode(),
    ],
)
def test_what_is_no_note_is_refused(content: bytes) -> None:
    with pytest.raises(NoteRefusedError):
        parse_note(content)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=60)


@given(TEXTS, st.binary(min_size=32, max_size=32))
def test_every_text_comes_back_from_its_note(text: str, secret: bytes) -> None:
    key = SigningKey("letapis.example/log", secret)
    written = bytes(sign_note(f"{text}\n", key))
    assert open_note(written, [key.verifier_key]) == (parse_note(written), (key.verifier_key,))
    assert parse_note(written).text == f"{text}\n"


@given(st.binary(max_size=200) | TEXTS.map(lambda text: f"{text}\n\n{BY_PETER}".encode()))
def test_bytes_are_a_note_or_refused(content: bytes) -> None:
    try:
        note = parse_note(content)
    except NoteRefusedError:
        return
    assert bytes(note) == content


@given(st.binary(min_size=32, max_size=32), st.sampled_from([1, COSIGNATURE_V1]))
def test_keys_come_back_from_their_text(secret: bytes, kind: int) -> None:
    key = SigningKey("letapis.example/log", secret, kind)
    assert SigningKey.parse(key.private_text()) == key
    assert VerifierKey.parse(str(key.verifier_key)) == key.verifier_key


@pytest.mark.parametrize("at", range(len(PETER)))
def test_a_verifier_key_with_one_letter_changed_is_refused(at: int) -> None:
    with pytest.raises(ValueError, match=r"key|note"):
        VerifierKey.parse(f"{PETER[:at]}{chr(ord(PETER[at]) + 1)}{PETER[at + 1 :]}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "33 bytes in base64"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "found 101"),
        ("PeterNeumann", "expected <name>\\+<hash>\\+<key>"),
    ],
)
def test_a_verifier_key_of_another_kind_is_refused(text: str, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        VerifierKey.parse(text)


@pytest.mark.parametrize("at", range(len(PRIVATE)))
def test_a_signing_key_with_one_letter_changed_is_refused_without_showing_the_secret(at: int) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        SigningKey.parse(f"{PRIVATE[:at]}{chr(ord(PRIVATE[at]) + 1)}{PRIVATE[at + 1 :]}")
    assert "FALVFGyNhPJEMzD1QIDr" not in str(refused.value)


def test_a_signing_key_does_not_show_its_secret() -> None:
    key = SigningKey.parse(PRIVATE)
    assert repr(key) == "SigningKey(name='PeterNeumann', kind=1)"


def test_a_fresh_key_signs_for_itself_alone() -> None:
    one, other = SigningKey.generate("letapis.example/log"), SigningKey.generate("letapis.example/log")
    content = bytes(sign_note(TEXT, one))
    assert open_note(content, [other.verifier_key, one.verifier_key])[1] == (one.verifier_key,)


def test_a_text_without_a_newline_at_its_end_cannot_be_signed() -> None:
    with pytest.raises(NoteRefusedError, match="expected a newline at its end"):
        sign_note("text", SigningKey.parse(PRIVATE))


def test_a_note_keeps_the_order_of_its_lines() -> None:
    key = SigningKey.parse(PRIVATE)
    note = sign_note(TEXT, key)
    doubled = Note(note.text, (*note.signatures, *note.signatures))
    assert open_note(bytes(doubled), [key.verifier_key])[1] == (key.verifier_key,)
