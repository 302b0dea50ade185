"""Tokens of people, as JSON-ready rows; made, revoked, and noted when one is used.

In: the archive, whom the answer is for. Out: rows of kind ``token``. A person has the tokens of their own; a
custodian sees and revokes everybody's. Raises `storage.ledger.tokens.TokenError` for what cannot be; then
nothing was written.
"""

from collections.abc import Collection, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from access.rendering.translations import gettext
from crawlers.model.iso_time import time_text
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.ledger.access_log import log_access
from storage.ledger.tokens import (
    USED,
    Token,
    TokenError,
    make_token,
    revoke_token,
    token_by_secret,
    tokens_of,
)

NOTED_EVERY: Final = timedelta(hours=1)
"""A use is written to the access log when the last one that this process wrote is so long ago."""

SCOPES: Final = {"read": Role.READER, "collect": Role.COLLECTOR, "custody": Role.CUSTODIAN}
"""By scope: the role whose routes it opens."""


def token_rows(archive: Archive, *, viewer: Viewer) -> list[dict[str, Any]]:
    """The viewer's own tokens, everybody's for a custodian; the newest first."""
    with archive.reader.connect() as connection:
        found = tokens_of(connection, None if viewer.may(Role.CUSTODIAN) else viewer.name)
    return [token_row(each) for each in found]


def new_token(
    archive: Archive, *, viewer: Viewer, name: str, scopes: Collection[str], days: int
) -> tuple[dict[str, Any], str]:
    """A token of the viewer's own, in their role; returns its row, and the token itself, which is shown once."""
    for scope in sorted(scopes):
        if scope not in SCOPES or not viewer.may(SCOPES[scope]):
            raise TokenError(
                gettext("Your role does not allow the scope %(scope)s. Nothing was written.", scope=scope)
            )
    token, secret = make_token(
        archive, viewer.name, actor=viewer.name, role=viewer.role, scopes=scopes, name=name, days=days
    )
    return token_row(token), secret


def revoked(archive: Archive, token_id: str, *, viewer: Viewer) -> dict[str, Any]:
    """Revoke a token: one's own, or anybody's as a custodian."""
    of = None if viewer.may(Role.CUSTODIAN) else viewer.name
    return token_row(revoke_token(archive, token_id, actor=viewer.name, of=of))


def used_token(archive: Archive, secret: str, noted: MutableMapping[str, datetime]) -> Token | None:
    """The valid token with this secret, None where there is none; ``noted``: when each was written down last."""
    with archive.reader.connect() as connection:
        token = token_by_secret(connection, secret)
    if token is None:
        return None
    now = datetime.now(UTC)
    if now - noted.get(token.id, datetime.min.replace(tzinfo=UTC)) >= NOTED_EVERY:
        log_access(archive, actor=token.member, action=USED, subject_id=token.id)
        noted[token.id] = now
    return token


def token_row(token: Token) -> dict[str, Any]:
    """The JSON keys of kind ``token``."""
    return {
        "kind": "token",
        "id": token.id,
        "name": token.name,
        "member": token.member,
        "role": token.role.name.lower(),
        "scopes": list(token.scopes),
        "made_at": time_text(token.made_at),
        "made_by": token.made_by,
        "expires_at": time_text(token.expires_at),
        "revoked_at": None if token.revoked_at is None else time_text(token.revoked_at),
        "revoked_by": token.revoked_by,
        "last_used_at": None if token.last_used_at is None else time_text(token.last_used_at),
        "valid": token.is_valid(datetime.now(UTC)),
    }
