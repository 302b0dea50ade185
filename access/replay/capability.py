"""A capability: what lets one user see the captures of one crawl on the replay host, for a short time, by its
path.

In: a user, a capture, a key. Out: text of letters, digits, ``-`` and ``_`` that only the key's owner can make or
read: a replayed page knows its own address and must learn nothing of the reader from it. Guaranteed: a text that
was altered, has expired or was made with another key opens nothing. What a viewer may see is no part of it and is
asked in the database at each request. Source: ChaCha20-Poly1305 (RFC 8439); docs/decisions/0037-replay.md.
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from storage.access_labels import Role, Viewer
from storage.errors import StorageError
from storage.private_folder import closed_folder

LIFETIME: Final = timedelta(minutes=15)
"""How long a role that was taken away may still show what its owner had begun to look at."""

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PURPOSE: Final = b"letapis replay capability 1"

ScriptMode = Literal["none", "asked", "allowed"]
"""Whether the page's scripts may run: no; only once the browser has passed the check; yes."""


class CapabilityRefused(Exception):
    """This text opens nothing; the reader opens the page again from the archive. ``why``: a word for logs."""

    def __init__(self, why: Literal["altered", "expired"]) -> None:
        super().__init__(f"replay capability: {why}")
        self.why = why


class ReplayKeyError(StorageError):
    """The key file of the replay cannot be used; the operator repairs or removes it."""

    def __init__(self, place: Path, found: str) -> None:
        super().__init__(
            f"{place}: expected {KEY_BYTES} bytes in a file of its owner alone, found {found}. Remove it; "
            "`letapis up` or `letapis prepare` makes a new one; pages that are open are to be opened again."
        )


@dataclass(frozen=True, slots=True)
class ReplayCapability:
    """``viewer`` may see the captures of ``crawl_id``, ``capture_id`` first, until ``expires_at``.

    ``archive_origin`` is where the frame stands that shows the page: scheme, host and port.
    """

    viewer: Viewer
    crawl_id: str
    capture_id: str
    expires_at: datetime
    archive_origin: str
    scripts: ScriptMode = "none"


class CapabilitySeal:
    """Makes and opens capabilities with one key of 32 bytes, which the pages and the gateway share."""

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)

    def seal(self, capability: ReplayCapability) -> str:
        """The capability as text for a path."""
        values = {
            "u": capability.viewer.name,
            "r": int(capability.viewer.role),
            "a": capability.viewer.every_label,
            "c": capability.crawl_id,
            "i": capability.capture_id,
            "e": int(capability.expires_at.timestamp()),
            "o": capability.archive_origin,
            "s": capability.scripts,
        }
        plain = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        nonce = os.urandom(NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, PURPOSE)).rstrip(b"=").decode()

    def open(self, text: str, *, now: datetime | None = None) -> ReplayCapability:
        """The capability; raises `CapabilityRefused`."""
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if urlsafe_b64encode(sealed).rstrip(b"=") != text.encode():
                raise CapabilityRefused("altered")  # in the bits that the last letter does not need
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], PURPOSE)
        except (ValueError, InvalidTag):
            raise CapabilityRefused("altered") from None
        values = json.loads(plain)
        expires_at = datetime.fromtimestamp(values["e"], UTC)
        if expires_at <= (now or datetime.now(UTC)):
            raise CapabilityRefused("expired")
        return ReplayCapability(
            viewer=Viewer(values["u"], Role(values["r"]), every_label=values["a"]),
            crawl_id=values["c"],
            capture_id=values["i"],
            expires_at=expires_at,
            archive_origin=values["o"],
            scripts=values["s"],
        )


def make_replay_key(place: Path) -> bool:
    """Make the key file where there is none, for its owner alone; returns whether it was made."""
    closed_folder(place.parent)
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
    return True


def read_replay_key(place: Path) -> bytes:
    """The key; raises `ReplayKeyError`."""
    try:
        key = place.read_bytes()
        mode = place.stat().st_mode
    except OSError as problem:
        raise ReplayKeyError(place, problem.strerror or "no file") from problem
    if len(key) != KEY_BYTES:
        raise ReplayKeyError(place, f"{len(key)} bytes")
    if mode & 0o077:
        raise ReplayKeyError(place, "a file that others may open")
    return key
