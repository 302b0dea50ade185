"""Logged-in profiles: what a browser holds after a person has logged in at a site, sealed in a folder of its own.

In: the folder of profiles and the file of their keys, both outside store, database and spool, for their owner
alone. Out: `LoginProfile`. A profile is one sealed file ``<name>.profile`` (AES-256-GCM, in the form of
`storage.ledger.sealed_objects`), whose name is bound into it. It is replaced whole or not at all, and by the
command `login` alone: no crawl writes here. Raises `ProfileError`; no message holds a value of a profile.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crawlers.model.iso_time import time_text
from crawlers.model.login import LoginSign
from storage.errors import StorageError
from storage.ledger.sealed_objects import SealedError, open_sealed, seal
from storage.private_file import NotPrivateError, make_private_file, read_private_file
from storage.private_folder import closed_folder
from storage.sealing_keys import LARGEST_BYTES, SealingKeys, id_of_key, new_keys, parse_keys
from storage.warc.writer import sync_folder

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
ENDING: Final = ".profile"
MOST_BYTES: Final = 64 << 20
"""Of a sealed profile; a larger one is neither written nor read."""

HEADER: Final = """\
# Keys of the login profiles of a Letapis archive, the newest last. Without them the profiles, and what crawls with
# a login have kept out of the archive, stay closed. Keep them where the archive is not. Never remove a line.
"""


class ProfileError(StorageError):
    """A login profile is missing, closed or damaged; whoever runs the archive logs in anew or brings the keys."""


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """``identity`` is the operator's label of the virtual identity, for custody alone; ``url`` the page at which
    the login was made, ``sign_url`` the one that showed the sign then; ``state`` what Playwright keeps of a
    context: cookies, and storage by origin.
    """

    name: str
    identity: str
    url: str
    sign: LoginSign
    sign_url: str = field(repr=False)
    made_at: datetime
    made_by: str
    egress: str | None
    state: Mapping[str, Any] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """What may be shown of it: no value that a site gave."""
        origins = self.state.get("origins", [])
        return {
            "name": self.name,
            "identity": self.identity,
            "url": self.url,
            "sign": str(self.sign),
            "made_at": time_text(self.made_at),
            "made_by": self.made_by,
            "egress": self.egress,
            "cookies": len(self.state.get("cookies", [])),
            "origins": sorted(each["origin"] for each in origins),
        }


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """The folder of profiles and the file of the keys that open them; neither has to be there yet."""

    folder: Path
    keys_file: Path

    def names(self) -> tuple[str, ...]:
        """The profiles that are there, in order."""
        return tuple(sorted(path.name.removesuffix(ENDING) for path in self.folder.glob(f"*{ENDING}")))

    def profiles(self) -> Iterator[LoginProfile]:
        """Each of them; raises `ProfileError` at one that does not open."""
        for name in self.names():
            yield self.read(name)

    def read(self, name: str) -> LoginProfile:
        """One profile."""
        path = self._path(name)
        if not os.path.lexists(path):
            known = ", ".join(self.names()) or "none"
            raise ProfileError(
                f"Login profile {name}: expected {path}, found nothing. Known profiles: {known}. Nothing was "
                f"fetched. `letapis login {name}` makes it."
            )
        try:
            row = open_sealed(self.keys(), _sealed_name(name), read_private_file(path, MOST_BYTES))
            return _profile_from(row)
        except (NotPrivateError, SealedError, KeyError, TypeError, ValueError) as problem:
            reason = str(problem) if isinstance(problem, NotPrivateError | SealedError) else "it is no profile"
            raise ProfileError(
                f"Login profile {name}, {path}: {reason}. Nothing was fetched, and the file stays as it is. Bring "
                f"its keys ({self.keys_file}), or make it anew with `letapis login {name}`."
            ) from problem

    def write(self, profile: LoginProfile) -> Path:
        """Keep the profile in place of one of the same name; the earlier one stays until this one is whole."""
        path = self._path(profile.name)
        row = {
            "name": profile.name,
            "identity": profile.identity,
            "url": profile.url,
            "sign_selector": profile.sign.selector,
            "sign_text": profile.sign.text,
            "sign_url": profile.sign_url,
            "made_at": time_text(profile.made_at),
            "made_by": profile.made_by,
            "egress": profile.egress,
            "state": json.dumps(profile.state),
        }
        sealed = seal(self.keys(make=True), _sealed_name(profile.name), row)
        if len(sealed) > MOST_BYTES:
            raise ProfileError(
                f"Login profile {profile.name}: expected at most {MOST_BYTES:,} bytes of what the browser holds, "
                f"found {len(sealed):,}. Nothing was written, and an earlier profile stays as it is."
            )
        closed_folder(self.folder)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        make_private_file(beside, sealed)
        beside.rename(path)
        sync_folder(self.folder)
        return path

    def forget(self, name: str) -> None:
        """Remove a profile; what crawls with it have kept stays. Raises `ProfileError` where there is none."""
        path = self._path(name)
        try:
            path.unlink()
        except FileNotFoundError:
            raise ProfileError(f"Login profile {name}: expected {path}, found nothing to forget.") from None
        sync_folder(self.folder)

    def keys(self, *, make: bool = False) -> SealingKeys:
        """The keys; with ``make``, a first one where there is no file. Raises `ProfileError`."""
        place = self.keys_file
        if make and not os.path.lexists(place):
            keys = new_keys()
            key = keys.newest
            line = f"# {id_of_key(key)}, made on {datetime.now(UTC):%Y-%m-%d}\naes256-gcm:{key.hex()}\n"
            try:
                make_private_file(place, (HEADER + line).encode())
            except FileExistsError:
                pass  # another command has made one meanwhile
            else:
                return keys
        try:
            return parse_keys(read_private_file(place, LARGEST_BYTES + 1))
        except ValueError as problem:
            raise ProfileError(
                f"Keys of login profiles {place}: {problem}. No profile was opened or written; the setting is "
                "LETAPIS_LOGIN_KEYS."
            ) from problem

    def _path(self, name: str) -> Path:
        if NAME.fullmatch(name) is None:
            raise ProfileError(
                f"Login profile {name!r}: expected a-z, 0-9, - and _, at most 64, not - or _ first."
            )
        return self.folder / f"{name}{ENDING}"


def _sealed_name(name: str) -> str:
    return f"login profile {name}"


def _profile_from(row: Mapping[str, Any]) -> LoginProfile:
    return LoginProfile(
        name=row["name"],
        identity=row["identity"],
        url=row["url"],
        sign=LoginSign(row["sign_selector"], row["sign_text"]),
        sign_url=row["sign_url"],
        made_at=datetime.fromisoformat(row["made_at"]),
        made_by=row["made_by"],
        egress=row["egress"],
        state=json.loads(row["state"]),
    )
