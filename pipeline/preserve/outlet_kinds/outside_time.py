"""Outside time over a checkpoint: a time authority (RFC 3161), or the calendars of OpenTimestamps.

In: the bytes of a signed checkpoint. Out: a token (DER), or a file in the form of OpenTimestamps. Neither can show
a checkpoint again. Raises `OutletError`.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from pipeline.preserve.outlet_kinds.requests import USER_AGENT, ask, require_ok
from pipeline.preserve.time_authority import AuthorityUnavailableError, TimeAuthority, request_token
from processors.digest import sha256
from processors.rfc3161.token import TokenRefusedError, read_token, time_query
from storage.log.outlets import OutletError, OutletProof


@dataclass(frozen=True, slots=True)
class TimeAuthorityOutlet:
    """``roots``: a file of the certificates (PEM) that it must lead to; None accepts any public root."""

    name: str
    url: str
    roots: Path | None
    witnesses: ClassVar[bool] = False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Have the checkpoint stamped; the token is checked before it counts."""
        authority, query = TimeAuthority(self.url, self.roots), time_query(checkpoint)
        try:
            answer = request_token(authority, query.content, user_agent=USER_AGENT)
            read_token(answer, imprint=sha256(checkpoint), trusted=authority.roots(), nonce=query.nonce)
        except (AuthorityUnavailableError, TokenRefusedError, OSError) as problem:
            raise OutletError(self.name, "stamping a checkpoint", "a time token", str(problem)) from problem
        return OutletProof(answer, "tsr")

    def newest(self) -> None:
        """A time authority keeps nothing."""


MAGIC: Final = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
VERSION: Final = b"\x01"
SHA256: Final = b"\x08"
APPEND: Final = b"\xf0"
NONCE_BYTES: Final = 16
LARGEST_CALENDAR_BYTES: Final = 10_000
"""As python-opentimestamps limits the answer of a calendar."""


@dataclass(frozen=True, slots=True)
class OpenTimestampsOutlet:
    """``url`` is that of a calendar. Hours later its promise is a proof in Bitcoin, which ``ots upgrade`` gets."""

    name: str
    url: str
    witnesses: ClassVar[bool] = False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Give the calendar the digest behind a nonce, so that it learns nothing; the proof is a ``.ots`` file.

        Source: the file format of OpenTimestamps, as ``opentimestamps-client`` reads it.
        """
        doing = "stamping a checkpoint"
        nonce, digest = secrets.token_bytes(NONCE_BYTES), sha256(checkpoint).value
        commitment = sha256(digest + nonce).value
        headers = {"Accept": "application/vnd.opentimestamps.v1"}
        response = ask(self.name, doing, "POST", f"{self.url}/digest", content=commitment, headers=headers)
        require_ok(self.name, doing, response)
        if not 0 < len(response.content) <= LARGEST_CALENDAR_BYTES:
            expected = f"1 to {LARGEST_CALENDAR_BYTES} bytes"
            raise OutletError(self.name, doing, expected, f"{len(response.content)} bytes")
        steps = APPEND + bytes([NONCE_BYTES]) + nonce + SHA256
        return OutletProof(MAGIC + VERSION + SHA256 + digest + steps + response.content, "ots")

    def newest(self) -> None:
        """A calendar keeps digests, no checkpoints."""
