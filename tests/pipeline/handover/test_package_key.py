"""The key that signs packages: its file, and signatures that are the same each time."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pipeline.handover.package_key import PackageKey, PackageKeyError, prepare_package_key, read_package_key
from storage.log.key_file import SigningState, make_signing_key


def test_a_key_is_made_once_for_its_owner_alone_and_found_again(tmp_path: Path) -> None:
    place = tmp_path / "keys" / "package.key"
    made, is_new = prepare_package_key(place)
    found, is_new_again = prepare_package_key(place)
    assert (is_new, is_new_again) == (True, False)
    assert found.public_base64 == made.public_base64
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_folder_that_holds_other_things_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    prepare_package_key(tmp_path / "package.key")
    make_signing_key(tmp_path / "log.key", "log.example/archive")
    SigningState.beside(tmp_path / "log.key").write(b"note")

    assert {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == dict.fromkeys(
        ("package.key", "log.key", "log.key.last"), 0o600
    )
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_the_same_bytes_get_the_same_signature_of_two_numbers() -> None:
    key = PackageKey.generate()
    assert key.sign(b"bytes") == key.sign(b"bytes")
    assert len(key.sign(b"bytes")) == 96
    assert key.sign(b"bytes") != key.sign(b"bytez")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "package.key"
    prepare_package_key(place)
    place.chmod(0o640)
    with pytest.raises(PackageKeyError, match=r"expected a file of its owner alone .*, found mode 0640"):
        read_package_key(place)


OTHER_CURVE = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
OTHER_KIND = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a private key in PEM"),
        (b"no key", "a private key in PEM"),
        (OTHER_CURVE, "an ECDSA key of the curve P-384"),
        (OTHER_KIND, "an ECDSA key of the curve P-384"),
    ],
    ids=["empty", "words", "another curve", "another kind"],
)
def test_what_is_no_key_of_packages_is_refused_without_showing_it(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    place = tmp_path / "package.key"
    place.write_bytes(content)
    place.chmod(0o600)
    with pytest.raises(PackageKeyError, match=expected) as refused:
        read_package_key(place)
    assert "PRIVATE KEY" not in str(refused.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageKeyError, match="expected a file that can be read"):
        read_package_key(tmp_path / "none")
    with pytest.raises(PackageKeyError, match="expected a file, found something else"):
        read_package_key(tmp_path)
