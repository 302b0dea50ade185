"""How a crawl's own process gets the login it is lent: through memory that has no name, once.

In: a profile, the key of this crawl alone, and the path at which the crawl keeps things apart. They stand in no
file, no command line and no environment; the environment says only which descriptor it is, and the crawl's process
empties and closes that when it has read it, since its keeper has it open as long as the crawl lasts. No key that
opens a profile is lent.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crawlers.model.login import BrowserLogin, LoginSign
from pipeline.login.kept_apart import new_crawl_key
from pipeline.login.profiles import LoginProfile, ProfileError, ProfileStore

LENT_BY: Final = "LETAPIS_CRAWL_LOGS_IN_BY"
"""The variable that names the descriptor."""


@dataclass(frozen=True, slots=True)
class LoginLoan:
    """A login for one crawl. ``key`` seals what the crawl keeps apart, in the file ``kept``."""

    login: BrowserLogin
    key: bytes = field(repr=False)
    kept: Path


def lend(store: ProfileStore, profile: LoginProfile, crawl_id: str, *, egress: str | None) -> LoginLoan:
    """The loan for a crawl by this egress profile; raises `ProfileError` where the login was made by another.

    A virtual identity that a site sees come from two addresses may be lost, and its person with it.
    """
    if profile.egress != egress:
        raise ProfileError(
            f"Login profile {profile.name}: it was made by the egress profile {profile.egress or 'direct'}, "
            f"and the source is fetched by {egress or 'direct'}. Nothing was fetched: use the same one, or log in "
            "anew."
        )
    key, kept = new_crawl_key(store, crawl_id)
    return LoginLoan(BrowserLogin(profile.name, profile.sign, profile.state), key, kept.resolve())


@contextmanager
def loan_in_memory(loan: LoginLoan | None) -> Iterator[tuple[tuple[int, ...], Mapping[str, str]]]:
    """Descriptors to pass on, and the variables that name them; nothing of either without a loan."""
    if loan is None:
        yield (), {}
        return
    row = {
        "profile": loan.login.profile,
        "sign": {"selector": loan.login.sign.selector, "text": loan.login.sign.text},
        "state": loan.login.state,
        "key": loan.key.hex(),
        "kept": str(loan.kept),
    }
    descriptor = os.memfd_create("login")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(json.dumps(row).encode())
        yield (descriptor,), {LENT_BY: str(descriptor)}
    finally:
        os.close(descriptor)


def take_loan() -> LoginLoan | None:
    """The login that was lent to this process; None where none was."""
    named = os.environ.pop(LENT_BY, None)
    if named is None:
        return None
    with os.fdopen(int(named), "r+b") as file:
        file.seek(0)
        row = json.loads(file.read())
        file.truncate(0)
    login = BrowserLogin(row["profile"], LoginSign(**row["sign"]), row["state"])
    return LoginLoan(login, bytes.fromhex(row["key"]), Path(row["kept"]))
