"""What is published in place of a value discloses nothing, and opens with that value alone."""

import hashlib
import json
import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from storage.ledger.commitments import commit, commitment, new_salt, opens
from storage.ledger.sealed_objects import SealedError, key_id_of, open_sealed, seal
from storage.sealing_keys import (
    SealingKeys,
    SealingKeysError,
    add_key,
    id_of_key,
    make_keys,
    new_keys,
    parse_keys,
    read_keys,
)

SAFE = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(-SAFE, SAFE) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
SALTS = st.binary(min_size=16, max_size=16).map(bytes.hex)
KEYS = SealingKeys((bytes(range(32)), bytes(32)))
SEALED = seal(KEYS, "entry 1", {"values": {"actor": "аналітык"}, "salts": {}})


def test_a_commitment_is_the_sha256_of_canonical_salt_name_and_value() -> None:
    # the disclosure of RFC 9901, section 4.2.1: an array of salt, name and value
    found = commitment("00112233445566778899aabbccddeeff", "actor", "аналітык")
    plain = '["00112233445566778899aabbccddeeff","actor","аналітык"]'.encode()
    assert str(found) == f"sha256:{hashlib.sha256(plain).hexdigest()}"


@given(values=st.dictionaries(TEXTS, JSON, max_size=4))
def test_whatever_is_committed_to_opens_again(values: dict[str, object]) -> None:
    committed, salts = commit(values)
    as_read = json.loads(json.dumps(values))
    assert all(opens(committed[name], salts[name], name, value) for name, value in as_read.items())
    assert len(set(salts.values())) == len(values)


@given(value=JSON, other=JSON, salt=SALTS, other_salt=SALTS, name=TEXTS, other_name=TEXTS)
def test_nothing_else_opens_it(
    value: object, other: object, salt: str, other_salt: str, name: str, other_name: str
) -> None:
    assume(value != other and salt != other_salt and name != other_name)
    committed = commitment(salt, name, value)
    assert opens(committed, salt, name, value)
    assert not opens(committed, salt, name, other)
    assert not opens(committed, other_salt, name, value)
    assert not opens(committed, salt, other_name, value)


@pytest.mark.parametrize("value", [math.nan, 2**53, b"bytes", {1: 2}, "\ud800"])
def test_what_is_no_json_opens_nothing(value: object) -> None:
    salt = new_salt()
    assert not opens(commitment(salt, "x", None), salt, "x", value)


@pytest.mark.parametrize("salt", ["", "00", "Z" * 32, "A" * 32, "0" * 33])
def test_a_salt_is_sixteen_bytes_in_hexadecimal(salt: str) -> None:
    with pytest.raises(ValueError, match="salt of x: expected 32 hexadecimal digits, found"):
        commitment(salt, "x", 1)


@given(content=st.dictionaries(TEXTS, JSON, max_size=4), name=TEXTS)
def test_what_is_sealed_opens_with_its_key_and_name(content: dict[str, object], name: str) -> None:
    sealed = seal(KEYS, name, content)
    assert open_sealed(KEYS, name, sealed) == json.loads(json.dumps(content))
    assert key_id_of(sealed) == id_of_key(KEYS.newest)


def test_objects_of_an_older_key_open_and_new_ones_take_the_newest() -> None:
    older = SealingKeys(KEYS.keys[:1])
    sealed = seal(older, "entry 1", {"a": 1})
    assert open_sealed(KEYS, "entry 1", sealed) == {"a": 1}
    with pytest.raises(SealedError, match=f"its sealing key {id_of_key(KEYS.newest)} is not here"):
        open_sealed(older, "entry 1", SEALED)
    with pytest.raises(SealedError, match="is not here"):
        open_sealed(None, "entry 1", SEALED)


def test_an_object_does_not_open_as_another_one() -> None:
    with pytest.raises(SealedError, match=r"it is not what the key .* has sealed as entry 2"):
        open_sealed(KEYS, "entry 2", SEALED)


def test_the_length_does_not_tell_how_long_a_reason_is() -> None:
    lengths = {len(seal(KEYS, "entry 1", {"reason": "a" * count})) for count in range(400)}
    assert len(lengths) == 1


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_open_or_are_refused(content: bytes) -> None:
    with pytest.raises(SealedError):
        open_sealed(KEYS, "entry 1", content)


@given(place=st.integers(0, len(SEALED) - 1), flipped=st.integers(1, 255))
def test_one_changed_byte_is_enough_to_keep_it_closed(place: int, flipped: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= flipped
    with pytest.raises(SealedError):
        open_sealed(KEYS, "entry 1", bytes(changed))


def test_a_file_of_keys_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "keys" / "sealing.keys"
    made = make_keys(place)
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert make_keys(place) == made == read_keys(place)
    more = add_key(place)
    assert (more.keys[:1], len(more.keys)) == (made.keys, 2)
    assert read_keys(place) == more
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_keys_that_others_may_read_are_refused(tmp_path: Path, mode: int) -> None:
    place = tmp_path / "sealing.keys"
    make_keys(place)
    os.chmod(place, mode)  # noqa: PTH101 - the mode is the point
    with pytest.raises(SealingKeysError, match=rf"a file of its owner alone \(mode 0600\), found mode {mode:04o}"):
        read_keys(place)


def test_no_file_of_keys_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SealingKeysError, match="expected a file that can be read, found No such file"):
        read_keys(tmp_path / "none")
    with pytest.raises(SealingKeysError, match="found something else"):
        read_keys(tmp_path)


def test_a_line_that_is_no_key_is_named_by_its_number_and_not_shown(tmp_path: Path) -> None:
    place = tmp_path / "sealing.keys"
    make_keys(place)
    with place.open("a") as file:
        file.write("aes256-gcm:secret\n")
    with pytest.raises(SealingKeysError, match="found another line 5") as refused:
        read_keys(place)
    assert "secret" not in str(refused.value)


@given(st.binary(max_size=100) | st.just(b"\naes256-gcm:" + b"0" * 64 + b"\n"))
def test_whatever_a_file_of_keys_holds_it_is_read_or_refused(content: bytes) -> None:
    try:
        keys = parse_keys(content)
    except ValueError as refused:
        assert re.search("expected|lines aes256-gcm", str(refused))
    else:
        assert keys.keys == (bytes(32),)


def test_keys_are_in_no_text_about_them() -> None:
    keys = new_keys()
    assert keys.newest.hex() not in repr(keys)
    assert str(keys.newest) not in repr(keys)
