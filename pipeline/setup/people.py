"""Who may what: accounts of Airflow with the role that they have in the archive, memberships, tokens, logins.

In: `Settings`, an archive. Out: `Person`s, by name; whether the auth manager could list accounts. Accounts, their
roles and logins are Airflow's, memberships and tokens the archive's own; a name that only one of them knows is a
row, too, since who has left may still hold a token. Raises `AirflowUnreachable`, `AirflowRefused`.
Source: provider-fab 3.10, `auth_manager/api_fastapi/routes/users.py`, read 2026-11.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from access.roles import role_of
from pipeline.airflow_api import AirflowApi, AirflowRefused
from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.ledger.memberships import Membership, members_now
from storage.ledger.tokens import Token, tokens_of

USERS: Final = "/auth/fab/v1/users"
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and all that it opens.

    ``account`` is None where the auth manager lists no accounts; ``role`` is None for one who sees nothing.
    ``failed_logins`` counts those since the last login that came through.
    """

    name: str
    account: bool | None
    active: bool | None
    airflow_roles: tuple[str, ...]
    role: str | None
    memberships: tuple[str, ...]
    tokens: int
    last_login: datetime | None
    logins: int | None
    failed_logins: int | None

    def as_json(self) -> dict[str, Any]:
        """The JSON keys of kind ``person``."""
        return {
            "kind": "person",
            "name": self.name,
            "account": self.account,
            "active": self.active,
            "airflow_roles": list(self.airflow_roles),
            "role": self.role,
            "memberships": list(self.memberships),
            "tokens": self.tokens,
            "last_login": self.last_login,
            "logins": self.logins,
            "failed_logins": self.failed_logins,
        }


def people_of(settings: Settings, archive: Archive) -> tuple[tuple[Person, ...], bool]:
    """Everybody, and whether the auth manager lists its accounts."""
    with archive.reader.connect() as connection:
        memberships, tokens = members_now(connection), tokens_of(connection, None)
    with AirflowApi(settings.airflow()) as api:
        accounts = _accounts(api)
    named = {each["username"]: each for each in accounts or ()}
    now = datetime.now(UTC)
    valid = tuple(each for each in tokens if each.is_valid(now))
    names = {*named, *(each.member for each in memberships), *(each.member for each in valid)}
    found = tuple(
        _person(name, named.get(name), accounts is not None, memberships, valid, settings.roles)
        for name in sorted(names)
    )
    return found, accounts is not None


def _accounts(api: AirflowApi) -> list[Mapping[str, Any]] | None:
    """Every account; None where the auth manager is another than FAB's."""
    found: list[Mapping[str, Any]] = []
    try:
        while True:
            page = api.get(f"{USERS}?limit={PAGE}&offset={len(found)}", what="list the accounts")
            found += page["users"]
            if not page["users"] or len(found) >= page["total_entries"]:
                return found
    except AirflowRefused as refused:
        if refused.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            return None
        raise


def _person(
    name: str,
    account: Mapping[str, Any] | None,
    listed: bool,
    memberships: tuple[Membership, ...],
    tokens: tuple[Token, ...],
    own_roles: Mapping[str, str],
) -> Person:
    roles = tuple(each["name"] for each in (account or {}).get("roles") or ())
    role = role_of(roles, own_roles)
    last = (account or {}).get("last_login")
    return Person(
        name=name,
        account=account is not None if listed else None,
        active=None if account is None else account.get("active"),
        airflow_roles=roles,
        role=None if role is None else role.name.lower(),
        memberships=tuple(_labels(name, memberships)),
        tokens=sum(each.member == name for each in tokens),
        last_login=None if last is None else _utc(last),
        logins=None if account is None else account.get("login_count"),
        failed_logins=None if account is None else account.get("fail_login_count"),
    )


def _labels(name: str, memberships: tuple[Membership, ...]) -> Iterator[str]:
    for each in memberships:
        if each.member == name:
            yield each.label if each.case_reference is None else each.case_reference


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
