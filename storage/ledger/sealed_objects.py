"""Sealed objects: values and salts as bytes that lie in the store, and open with a sealing key alone.

In: the name of the object (``entry 12``), a JSON object. Out: bytes: the line ``letapis/sealed/1``, a line with
the id of the key, 12 bytes of nonce, then AES-256-GCM over the JSON. Name and id of the key are its associated
data, so that one object cannot take the place of another. The JSON is filled up with spaces, so that the length
does not tell how long a name or a reason is. Source: NIST SP 800-38D; random nonces, of which one key may have
2^32 (section 8.3). Raises `SealedError`.
"""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.sealing_keys import SealingKeys, id_of_key

FORMAT: Final = b"letapis/sealed/1"
NONCE_BYTES: Final = 12
FILLED_TO: Final = 512
"""Plain bytes are a multiple of this."""
_HEAD: Final = re.compile(FORMAT + rb"\n([0-9a-f]{16})\n", re.ASCII)


class SealedError(ValueError):
    """The object does not open: no key has its id, its bytes are others, or it is of something else."""


def seal(keys: SealingKeys, name: str, content: Mapping[str, Any]) -> bytes:
    """Seal a JSON object with the newest key; raises ``ValueError`` where it has no canonical form."""
    plain = rfc8785.dumps(dict(content))
    plain += b" " * (-len(plain) % FILLED_TO)
    key_id, nonce = id_of_key(keys.newest), secrets.token_bytes(NONCE_BYTES)
    secret = AESGCM(keys.newest).encrypt(nonce, plain, _associated(name, key_id))
    return FORMAT + b"\n" + key_id.encode() + b"\n" + nonce + secret


def key_id_of(sealed: bytes) -> str:
    """The id of the key that opens it; raises `SealedError`."""
    match = _HEAD.match(sealed)
    if match is None:
        raise SealedError("it is no sealed object")
    return match[1].decode()


def open_sealed(keys: SealingKeys | None, name: str, sealed: bytes) -> Mapping[str, Any]:
    """The JSON object; raises `SealedError`, whatever the bytes are."""
    key_id = key_id_of(sealed)
    key = None if keys is None else keys.by_id(key_id)
    if key is None:
        raise SealedError(f"its sealing key {key_id} is not here")
    start = len(FORMAT) + 1 + len(key_id) + 1
    nonce, secret = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        content = json.loads(AESGCM(key).decrypt(nonce, secret, _associated(name, key_id)))
    except (InvalidTag, ValueError, RecursionError) as problem:
        raise SealedError(f"it is not what the key {key_id} has sealed as {name}") from problem
    if not isinstance(content, dict):
        raise SealedError(f"it holds {type(content).__name__} instead of an object")
    return content


def _associated(name: str, key_id: str) -> bytes:
    return b"\n".join((FORMAT, name.encode("utf-8"), key_id.encode()))
