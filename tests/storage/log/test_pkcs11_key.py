"""The log's key in a PKCS#11 token: SoftHSM2, which is not ours, holds it and signs."""

import os
import subprocess
from pathlib import Path

import pkcs11
import pytest

from processors.transparency_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from storage.log.pkcs11_key import TokenAddress, TokenKeyError, open_token_key

pytestmark = pytest.mark.softhsm

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
EDWARDS25519 = b"\x13\x0cedwards25519"
"""The curve as a PrintableString in DER (PKCS#11 3.0, section 2.3.10)."""


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A fresh token with one Ed25519 key; returns the URI of the key."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")  # read by the library when it is first loaded
    made = ["softhsm2-util", "--init-token", "--free", "--label", "letapis", "--pin", "1234", "--so-pin", "123456"]
    subprocess.run(made, check=True, capture_output=True)
    with pkcs11.lib(str(MODULE)).get_token(token_label="letapis").open(user_pin="1234", rw=True) as session:
        curve = {pkcs11.Attribute.EC_PARAMS: EDWARDS25519}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True)
        mechanism = pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN
        parameters.generate_keypair(mechanism=mechanism, store=True, label="log")
    pin = folder / "pin"
    pin.write_text("1234\n", "utf-8")
    pin.chmod(0o600)
    return f"pkcs11:token=letapis;object=log?module-path={MODULE}&pin-source={pin}"


def test_a_token_signs_checkpoints_of_the_log(token: str) -> None:
    key = open_token_key(token, "log.example/x")
    checkpoint = Checkpoint("log.example/x", 7, bytes(32))
    note = bytes(sign_checkpoint(checkpoint, key))
    assert open_checkpoint(note, [key.verifier_key]) == checkpoint
    assert open_token_key(token, "log.example/x") == key


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("object=log", "object=other"), "the key other in the token letapis"),
        (("token=letapis", "token=other"), "the token other"),
        (("&pin-source", "&pin"), "pkcs11:token"),
        (("pin-source=", "pin-source=/nowhere"), "a PIN that can be read"),
    ],
)
def test_what_the_token_lacks_is_told(token: str, change: tuple[str, str], expected: str) -> None:
    with pytest.raises(TokenKeyError) as refused:
        open_token_key(token.replace(*change), "log.example/x")
    assert refused.value.expected.startswith(expected)


def test_a_pin_that_others_may_read_is_refused(token: str) -> None:
    pin = TokenAddress.parse(token).pin_file
    pin.chmod(0o644)
    with pytest.raises(TokenKeyError, match="with mode 0600"):
        open_token_key(token, "log.example/x")
    pin.chmod(0o600)


def test_a_token_needs_the_name_of_the_log(token: str) -> None:
    with pytest.raises(TokenKeyError, match="LETAPIS_LOG_ORIGIN"):
        open_token_key(token, None)
