"""The file of a backup opens with its passphrase and nothing else, and says what is wrong with it otherwise."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.backup.sealed_file import FORMAT, BackupFileError, open_backup, seal_backup

PASSPHRASE = "адзін два тры чатыры"
CONTENT = b'{"keys": "secret"}'


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal_backup(CONTENT, PASSPHRASE)


@given(
    content=st.binary(max_size=3000), passphrase=st.text(st.characters(codec="utf-8"), min_size=12, max_size=40)
)
@settings(max_examples=4)  # each makes two keys of 128 MB
def test_what_was_sealed_opens_with_its_passphrase(content: bytes, passphrase: str) -> None:
    assert open_backup(seal_backup(content, passphrase), passphrase) == content


def test_nothing_of_the_content_can_be_read_in_the_file(sealed: bytes) -> None:
    assert sealed.startswith(FORMAT)
    assert b"secret" not in sealed
    assert PASSPHRASE.encode() not in sealed


def test_another_passphrase_is_refused_and_the_file_is_called_whole(sealed: bytes) -> None:
    with pytest.raises(
        BackupFileError, match="expected the passphrase of this backup, found another one"
    ) as refused:
        open_backup(sealed, PASSPHRASE.upper())

    assert "The file is whole." in str(refused.value)
    assert "Nothing was changed." in str(refused.value)


@given(data=st.data())
def test_a_file_with_one_bit_turned_is_called_damaged_or_no_backup(sealed: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 8 * len(sealed) - 1))
    damaged = bytearray(sealed)
    damaged[place // 8] ^= 1 << place % 8

    with pytest.raises(BackupFileError) as refused:
        open_backup(bytes(damaged), PASSPHRASE)
    assert "passphrase" not in refused.value.expected


@given(data=st.data())
def test_a_file_that_was_cut_off_anywhere_is_called_so_or_no_backup(sealed: bytes, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(sealed) - 1))

    with pytest.raises(BackupFileError) as refused:
        open_backup(sealed[:length], PASSPHRASE)
    whole_line = length >= len(FORMAT)
    assert refused.value.found == (
        f"one that was cut off or damaged ({length} bytes)"
        if whole_line
        else "an empty file"
        if not length
        else "something else"
    )


@given(content=st.binary(max_size=400))
def test_bytes_of_any_kind_are_refused_in_words(content: bytes) -> None:
    for file in (content, FORMAT + content, FORMAT + content + hashlib.sha256(FORMAT + content).digest()):
        with pytest.raises(BackupFileError, match="Nothing was changed"):
            open_backup(file, PASSPHRASE)


def test_a_format_of_a_newer_version_is_named(sealed: bytes) -> None:
    newer = sealed.replace(FORMAT, b"letapis-backup/2\n", 1)

    with pytest.raises(BackupFileError, match="found format 2, which a newer version of Letapis has made"):
        open_backup(newer, PASSPHRASE)


@pytest.mark.parametrize(
    "changed", [{"n": 2**30}, {"n": 3}, {"n": True}, {"p": 10**6}, {"r": -8}, {"kdf": "none"}, {"nonce": "00"}]
)
def test_parameters_that_would_fill_the_memory_or_are_none_are_refused(
    sealed: bytes, changed: dict[str, object]
) -> None:
    _, line, rest = sealed.split(b"\n", 2)
    head = FORMAT + json.dumps(json.loads(line) | changed).encode() + b"\n" + rest[:-32]

    with pytest.raises(BackupFileError, match="expected parameters of scrypt and AES-GCM"):
        open_backup(head + hashlib.sha256(head).digest(), PASSPHRASE)


def test_a_short_passphrase_seals_nothing() -> None:
    with pytest.raises(BackupFileError, match="a passphrase of 12 characters or more, found 11"):
        seal_backup(CONTENT, "elevenchars")
