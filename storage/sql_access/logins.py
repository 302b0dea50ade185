"""A person's own login for SQL: the statements by which the database's administrator makes it and takes it away.

In: the name under which a person logs in, days. Out: `SqlLogin`. The login's name is made from the person's as
the database makes it (``archive.login_of``, migration 0016), and the views ask by it what the person may see:
whoever has logged in can change every setting of the session, and the role they logged in as not. Nothing is
changed here, since no role of ours may make roles.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from storage.migrations import ANALYST

CONNECTIONS: Final = 4
TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class SqlLogin:
    """A login, its password, and the statements; the password is known only here and now."""

    member: str
    login: str
    password: str
    valid_until: datetime
    statements: tuple[str, ...]
    removal: tuple[str, ...]


def login_of(member: str) -> str:
    """What the login of this person is called."""
    return f"{ANALYST}_{hashlib.sha256(member.encode()).hexdigest()[:32]}"


def new_login(member: str, *, days: int) -> SqlLogin:
    """A login with a new password, valid for so many days."""
    login, password = login_of(member), secrets.token_urlsafe(24)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    valid = f"PASSWORD '{password}' VALID UNTIL '{until.isoformat()}'"
    return SqlLogin(
        member,
        login,
        password,
        until,
        statements=(
            f"CREATE ROLE {login} LOGIN CONNECTION LIMIT {CONNECTIONS} {valid};",
            f"GRANT {ANALYST} TO {login};",
            f"ALTER ROLE {login} SET default_transaction_read_only = on;",
            f"ALTER ROLE {login} SET statement_timeout = '{TIMEOUT_S}s';",
            f"ALTER ROLE {login} SET search_path = archive;",
        ),
        removal=(f"DROP ROLE {login};",),
    )
