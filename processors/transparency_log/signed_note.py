"""Signed notes: text that one or several keys have signed, and the text forms of these keys.

In: text, keys, bytes of notes. Out: `Note`, `SignatureLine`, `VerifierKey`, `SigningKey`. Guaranteed: what
`open_note` returns was signed by one of the keys it was given, and no line that names one of them is a forgery.
Raises `NoteRefusedError` on what is no note or no signature of a known key, ``ValueError`` on what is no key; no
message contains a secret. Source: C2SP signed-note (sections Format, Signatures) and Go's package
golang.org/x/mod/sumdb/note for ``PRIVATE+KEY+…``.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 0x01
COSIGNATURE_V1: Final = 0x04
"""Timestamped signatures of witnesses (`processors.transparency_log.cosignature`)."""
KINDS: Final = (ED25519, COSIGNATURE_V1)
KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 4
PRIVATE: Final = "PRIVATE+KEY+"
DASH: Final = "— "
LARGEST_BYTES: Final = 1 << 20
MOST_SIGNATURES: Final = 100
"""The specification asks for at least 16."""


class NoteRefusedError(ValueError):
    """Not a note, or none that a known key has signed; its text must not be believed."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line of a note: who is said to have signed, the first bytes of the hash of the key, the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{DASH}{self.name} {_base64(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True)
class Note:
    """Text, which ends in a newline, and signatures that nobody has verified yet."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def __bytes__(self) -> bytes:
        lines = "".join(f"{line}\n" for line in self.signatures)
        return f"{self.text}\n{lines}".encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key, its name, and the kind of its signatures (``ED25519``, ``COSIGNATURE_V1``)."""

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise ValueError(f"name of a key: expected text without spaces and +, found {self.name!r}")
        if self.kind not in KINDS:
            raise ValueError(f"key of {self.name}: expected a kind among 1 (Ed25519) and 4, found {self.kind}")
        if len(self.public) != KEY_BYTES:
            raise ValueError(f"key of {self.name}: expected {KEY_BYTES} bytes, found {len(self.public)}")

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names this key, together with its name."""
        return _key_id(self.name, bytes([self.kind]) + self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``<name>+<hash>+<base64>``."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise ValueError(f"verifier key: expected <name>+<hash>+<key>, found {text!r}")
        name, key_id, encoded = parts
        content = _from_base64(encoded)
        if content is None or len(content) != 1 + KEY_BYTES:
            raise ValueError(f"verifier key of {name}: expected 33 bytes in base64, found {encoded!r}")
        key = cls(name, content[1:], content[0])
        if key.key_id.hex() != key_id:
            raise ValueError(f"verifier key of {name}: expected the hash {key.key_id.hex()}, found {key_id!r}")
        return key

    def is_named_by(self, line: SignatureLine) -> bool:
        """Whether the line says that this key has signed."""
        return (line.name, line.key_id) == (self.name, self.key_id)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether these 64 bytes are this key's Ed25519 signature of the message (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """Whoever holds the secret half of a key: this process, or a token that does not give it away."""

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A `Signer` whose secret lies in this process; neither ``repr`` nor an error shows it."""

    name: str
    secret: bytes = field(repr=False)
    kind: int = ED25519

    @classmethod
    def generate(cls, name: str, kind: int = ED25519) -> Self:
        """A fresh key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw(), kind)

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return VerifierKey(self.name, public, self.kind)

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(message)

    def private_text(self) -> str:
        """``PRIVATE+KEY+<name>+<hash>+<base64>``, the form in which a key file holds it."""
        return f"{PRIVATE}{self.name}+{self.verifier_key.key_id.hex()}+{_base64(bytes([self.kind]) + self.secret)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PRIVATE+KEY+…``."""
        parts = text.removeprefix(PRIVATE).split("+", 2)
        if not text.startswith(PRIVATE) or len(parts) != 3:
            raise ValueError(f"signing key: expected {PRIVATE}<name>+<hash>+<key>, found something else")
        name, key_id, encoded = parts
        content = _from_base64(encoded)
        if content is None or len(content) != 1 + KEY_BYTES:
            raise ValueError(f"signing key of {name}: expected 33 bytes in base64, found something else")
        key = cls(name, content[1:], content[0])
        if (expected := key.verifier_key.key_id.hex()) != key_id:
            raise ValueError(f"signing key of {name}: expected the hash {expected}, found {key_id!r}")
        return key


def is_key_name(name: str) -> bool:
    """Whether this may be the name of a key: not empty, without spaces, control characters and plus signs."""
    return bool(name) and "+" not in name and not any(each.isspace() or each < " " for each in name)


def sign_note(text: str, *signers: Signer) -> Note:
    """The text with one Ed25519 signature of each signer."""
    _require_text(text)
    lines = []
    for signer in signers:
        key = signer.verifier_key
        if key.kind != ED25519:
            raise ValueError(f"signature of {key.name}: expected an Ed25519 key (kind 1), found kind {key.kind}")
        lines.append(SignatureLine(key.name, key.key_id, signer.sign(text.encode())))
    return Note(text, tuple(lines))


def parse_note(content: bytes) -> Note:
    """Split a note into its text and its signatures, which nobody has verified yet."""
    if len(content) > LARGEST_BYTES:
        raise NoteRefusedError("note", f"at most {LARGEST_BYTES} bytes", f"{len(content)}")
    try:
        whole = content.decode()
    except UnicodeDecodeError as problem:
        raise NoteRefusedError("note", "UTF-8", str(problem)) from problem
    text, separator, rest = whole.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        raise NoteRefusedError("note", "text, an empty line, and lines with signatures", repr(whole[-80:]))
    _require_text(f"{text}\n")
    lines = rest.removesuffix("\n").split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteRefusedError("note", f"at most {MOST_SIGNATURES} signatures", f"{len(lines)}")
    return Note(f"{text}\n", tuple(parse_signature(line) for line in lines))


def parse_signature(line: str) -> SignatureLine:
    """Read one line with a signature, without its newline."""
    name, separator, encoded = line.removeprefix(DASH).partition(" ")
    content = _from_base64(encoded)
    shaped = line.startswith(DASH) and separator and is_key_name(name)
    if not shaped or content is None or len(content) <= KEY_ID_BYTES:
        raise NoteRefusedError(
            "signature in a note", "— <name> <base64 of key id and signature>", repr(line[:200])
        )
    return SignatureLine(name, content[:KEY_ID_BYTES], content[KEY_ID_BYTES:])


def open_note(content: bytes, keys: Sequence[VerifierKey]) -> tuple[Note, tuple[VerifierKey, ...]]:
    """A note that at least one of the keys has signed, and which of them did.

    Lines of unknown keys are passed over; a line that names a known key and is not its signature refuses the note.
    """
    note = parse_note(content)
    signed: list[VerifierKey] = []
    for line in note.signatures:
        for key in keys:
            if key.kind != ED25519 or not key.is_named_by(line):
                continue
            if not key.verifies(line.signature, note.text.encode()):
                raise NoteRefusedError("signature in a note", f"one by {key}", f"another, in the line {line}")
            if key not in signed:
                signed.append(key)
    if not signed:
        raise NoteRefusedError("signature in a note", f"one by {_named(keys)}", f"{_signers(note)}")
    return note, tuple(signed)


def _require_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteRefusedError("text of a note", "a newline at its end", repr(text[-80:]))
    odd = next((each for each in text if each < " " and each != "\n"), None)
    if odd is not None:
        raise NoteRefusedError("text of a note", "no control characters but newlines", repr(odd))


def _named(keys: Iterable[VerifierKey]) -> str:
    return ", ".join(map(str, keys)) or "a key that is known (none was given)"


def _signers(note: Note) -> str:
    return ", ".join(f"{line.name} (key id {line.key_id.hex()})" for line in note.signatures)


def _key_id(name: str, encoded: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + encoded).digest()[:KEY_ID_BYTES]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _from_base64(text: str) -> bytes | None:
    """The bytes, None where the text is not base64 in its only form (RFC 4648 section 4, zero bits at its end)."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return content if _base64(content) == text else None
