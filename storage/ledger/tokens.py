"""Tokens by which programs ask in a person's name: made and revoked by people, each act an entry of custody.

In: an archive, whose token it is, in which role and for which scopes, for how long. Out: `Token`s; the token
itself is given once, and only its sha256 is kept. Guaranteed: each act is one entry of custody (``token_made``,
``token_revoked``) and one row with that entry's number, in one transaction; rows are never changed. What a
token's person may see is asked for at each use, by their name. A rebuild restores no tokens: people make new
ones. Raises `TokenError`.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, insert, select
from ulid import ULID

from processors.digest import sha256
from storage.access_labels import Role
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.custody import append, publish_pending_entries
from storage.ledger.tables import access_log, token_revocations, tokens

MADE: Final = "token_made"
REVOKED: Final = "token_revoked"
SUBJECT: Final = "tokens"
"""The subject of every such entry; whose token it is about is sealed."""
USED: Final = "token_used"
"""The action in the access log."""

PREFIX: Final = "lta_"
"""What a token begins with, so that those who find one know what it is."""
SECRET_BYTES: Final = 32
LONGEST_DAYS: Final = 366
LONGEST_NAME: Final = 200
OF_A_PERSON: Final = 50
"""Valid tokens that one person may have."""


class TokenError(StorageError):
    """The token is not one that can be made, or revoked by this person; nothing was written."""


@dataclass(frozen=True, slots=True)
class Token:
    """``member`` asks by it in ``role``, for ``scopes``; ``last_used_at`` is exact to an hour."""

    id: str
    name: str
    member: str
    role: Role
    scopes: tuple[str, ...]
    made_at: datetime
    made_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it is neither over nor revoked."""
        return self.revoked_at is None and now < self.expires_at


def make_token(
    archive: Archive, member: str, *, actor: str, role: Role, scopes: Collection[str], name: str, days: int
) -> tuple[Token, str]:
    """Make a token; returns it, and the secret that nobody can ask for again."""
    member, name = member.strip(), name.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise TokenError(
            f"Expected a name for the token, of at most {LONGEST_NAME} characters on one line, such as "
            "“notebook on my laptop”. Nothing was written."
        )
    if not 0 < days <= LONGEST_DAYS:
        raise TokenError(f"Expected 1 to {LONGEST_DAYS} days, found {days}. Nothing was written.")
    if not member or not member.isprintable() or not scopes:
        raise TokenError("Expected a user name, and at least one scope. Nothing was written.")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token_id, expires_at = str(ULID()), datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    facts = {
        "token_id": token_id,
        "name": name,
        "member": member,
        "role": role.name.lower(),
        "scopes": sorted(scopes),
        "expires_at": expires_at.isoformat(),
    }
    with archive.writer.begin() as connection:
        now = func.now()
        valid = _joined().where(tokens.c.member == member, token_revocations.c.token_id.is_(None))
        counted = valid.where(tokens.c.expires_at > now).subquery()
        if (connection.scalar(select(func.count()).select_from(counted)) or 0) >= OF_A_PERSON:
            raise TokenError(f"{member} has {OF_A_PERSON} valid tokens already: revoke one. Nothing was written.")
        entry = append(connection, MADE, keys=archive.sealing, subject_id=SUBJECT, actor=actor, details=facts)
        connection.execute(
            insert(tokens).values(
                id=token_id,
                custody_seq=entry.seq,
                at=entry.at,
                actor=actor,
                name=name,
                member=member,
                role=role.name.lower(),
                scopes=sorted(scopes),
                expires_at=expires_at,
                digest=str(sha256(secret.encode())),
            )
        )
    publish_pending_entries(archive)
    return Token(
        token_id, name, member, role, tuple(sorted(scopes)), entry.at, actor, expires_at, None, None
    ), secret


def revoke_token(archive: Archive, token_id: str, *, actor: str, of: str | None) -> Token:
    """Revoke a token, that of the person ``of`` or of anybody where None; twice is once."""
    with archive.writer.begin() as connection:
        query = _joined().where(tokens.c.id == token_id)
        row = connection.execute(query if of is None else query.where(tokens.c.member == of)).first()
        if row is None:
            raise TokenError(f"There is no token {token_id}, or it is not yours. Nothing was written.")
        token = _token_of(row)
        if token.revoked_at is None:
            entry = append(
                connection,
                REVOKED,
                keys=archive.sealing,
                subject_id=SUBJECT,
                actor=actor,
                details={"token_id": token_id, "member": token.member},
            )
            connection.execute(
                insert(token_revocations).values(
                    token_id=token_id, custody_seq=entry.seq, at=entry.at, actor=actor
                )
            )
    publish_pending_entries(archive)
    with archive.reader.connect() as connection:
        return _token_of(connection.execute(_joined().where(tokens.c.id == token_id)).one())


def token_by_secret(connection: Connection, secret: str) -> Token | None:
    """The token, where this secret is one of a token that is still valid."""
    row = connection.execute(_joined().where(tokens.c.digest == str(sha256(secret.encode())))).first()
    token = None if row is None else _token_of(row)
    return token if token is not None and token.is_valid(datetime.now(UTC)) else None


def tokens_of(connection: Connection, member: str | None) -> tuple[Token, ...]:
    """A person's tokens, everybody's where None; the newest first, with when they were used last."""
    query = _joined(with_use=True).order_by(tokens.c.at.desc(), tokens.c.id.desc())
    rows = connection.execute(query if member is None else query.where(tokens.c.member == member))
    return tuple(_token_of(row) for row in rows)


def _joined(*, with_use: bool = False) -> Select[Any]:
    query = select(
        tokens,
        token_revocations.c.at.label("revoked_at"),
        token_revocations.c.actor.label("revoked_by"),
    ).select_from(tokens.outerjoin(token_revocations, token_revocations.c.token_id == tokens.c.id))
    if not with_use:
        return query
    used = select(func.max(access_log.c.at)).where(
        access_log.c.action == USED, access_log.c.subject_id == tokens.c.id
    )
    return query.add_columns(used.scalar_subquery().label("last_used_at"))


def _token_of(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        member=row.member,
        role=Role[row.role.upper()],
        scopes=tuple(row.scopes),
        made_at=row.at,
        made_by=row.actor,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        last_used_at=row._mapping.get("last_used_at"),
    )
