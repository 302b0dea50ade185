"""The log's signing key in a PKCS#11 token, which signs and never gives the key away.

In: a PKCS#11 URI (RFC 7512): ``token`` and ``object`` name token and key, ``module-path`` the library of the
token, ``pin-source`` the file that holds the PIN. Out: a `Signer`. The package python-pkcs11 is needed, which is
installed with the extra ``pkcs11``. Raises `TokenKeyError`. Source: PKCS#11 3.0, CKM_EDDSA; C2SP signed-note.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from processors.transparency_log.signed_note import VerifierKey
from storage.errors import StorageError

EC_POINT_PREFIX: Final = b"\x04\x20"
"""DER of an OCTET STRING of 32 bytes, in which tokens give the public key."""


class TokenKeyError(StorageError):
    """The token does not sign; the operator mends LETAPIS_LOG_PKCS11 or the token. Nothing was signed."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"Key of the log in a PKCS#11 token: expected {expected}, found {found}. Nothing was signed, and "
            "nothing was changed; correct LETAPIS_LOG_PKCS11, or look after the token."
        )
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """What a PKCS#11 URI names."""

    module: Path
    token: str
    label: str
    pin_file: Path

    @classmethod
    def parse(cls, uri: str) -> "TokenAddress":
        """Read ``pkcs11:token=…;object=…?module-path=…&pin-source=…``."""
        path, _, query = uri.removeprefix("pkcs11:").partition("?")
        parts = dict(each.partition("=")[::2] for each in path.split(";"))
        options = dict(parse_qsl(query))
        wanted = {**{name: unquote(value) for name, value in parts.items()}, **options}
        missing = [name for name in ("token", "object", "module-path", "pin-source") if not wanted.get(name)]
        if not uri.startswith("pkcs11:") or missing:
            raise TokenKeyError(
                "pkcs11:token=...;object=...?module-path=...&pin-source=...",
                f"no {', '.join(missing) or 'pkcs11:'}",
            )
        pin = wanted["pin-source"].removeprefix("file:").removeprefix("//")
        return cls(Path(wanted["module-path"]), wanted["token"], wanted["object"], Path(pin))


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that lies in a token; a session is opened for each signature."""

    address: TokenAddress
    verifier_key: VerifierKey

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature."""
        pkcs11 = _pkcs11()
        with _session(self.address) as session:
            key = _key(session, pkcs11.ObjectClass.PRIVATE_KEY, self.address)
            try:
                return bytes(key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
            except pkcs11.PKCS11Error as problem:
                raise TokenKeyError("a signature (CKM_EDDSA)", type(problem).__name__) from problem


def open_token_key(uri: str, origin: str | None) -> TokenKey:
    """Find the key; its public half makes the verifier key of the log ``origin``."""
    if origin is None:
        raise TokenKeyError("the name of the log in LETAPIS_LOG_ORIGIN, as a token holds none", "none")
    address = TokenAddress.parse(uri)
    with _session(address) as session:
        public = _key(session, _pkcs11().ObjectClass.PUBLIC_KEY, address)
        point = bytes(public[_pkcs11().Attribute.EC_POINT])
    if len(point) == len(EC_POINT_PREFIX) + 32 and point.startswith(EC_POINT_PREFIX):
        point = point.removeprefix(EC_POINT_PREFIX)
    if len(point) != 32:
        raise TokenKeyError("an Ed25519 key", f"a public key of {len(point)} bytes")
    return TokenKey(address, VerifierKey(origin, point))


def _pkcs11() -> Any:
    try:
        import pkcs11  # type: ignore[import-not-found,unused-ignore]  # an extra
    except ImportError as problem:
        raise TokenKeyError(
            "the package python-pkcs11", "none; install it with `pip install letapis[pkcs11]`"
        ) from problem
    return pkcs11


def _key(session: Any, kind: Any, address: TokenAddress) -> Any:
    try:
        return session.get_key(object_class=kind, label=address.label)
    except _pkcs11().PKCS11Error as problem:
        raise TokenKeyError(
            f"the key {address.label} in the token {address.token}", type(problem).__name__
        ) from problem


def _session(address: TokenAddress) -> Any:
    pkcs11 = _pkcs11()
    try:
        if address.pin_file.stat().st_mode & 0o077:
            raise TokenKeyError(f"{address.pin_file} with mode 0600", "a file that others may read")
        pin = address.pin_file.read_text("utf-8").strip()
        token = pkcs11.lib(str(address.module)).get_token(token_label=address.token)
        return token.open(user_pin=pin)
    except OSError as problem:
        raise TokenKeyError("a PIN that can be read", str(problem)) from problem
    except (pkcs11.PKCS11Error, RuntimeError) as problem:
        raise TokenKeyError(f"the token {address.token}", f"{type(problem).__name__} {problem}") from problem
