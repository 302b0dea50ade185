"""Finds everything that is neither in the store nor made anew, and reads it.

In: `Settings`, the variables they were read from. Out: `Contents`, whose manifest names each thing, what is not
among them and why, and to which archive it belongs. A key that could not be used is no backup of it: raises
`SealingKeysError`, `LogKeyError` and `PackageKeyError`, and `NotKeptError` of a file that cannot be read. The
database may be away; the manifest says so.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from ulid import ULID

from pipeline.backup.contents import Absence, BackupManifest, Contents, KeptThing, OfArchive, kept_thing
from pipeline.backup.variables import AIRFLOW_SECRETS, purge_variables
from pipeline.config.archive_factory import opened_archive
from pipeline.config.outlet_file import DeclaredEmail, DeclaredTimeAuthority, read_outlet_file
from pipeline.config.settings import Settings, SettingsError
from pipeline.handover.package_key import read_package_key
from storage.errors import StorageError
from storage.ledger.tables import custody
from storage.log.checkpoints import log_keys
from storage.log.key_file import LAST_SIGNED, NEXT_KEY, read_signing_key
from storage.migrations import OtherSchemaError, newest_schema
from storage.sealing_keys import read_keys

LARGEST_FILE_BYTES: Final = 16 << 20

SETTINGS: Final = "settings"
SEALING_KEYS: Final = "keys/sealing"
LOG_KEY: Final = "keys/log"
LAST_CHECKPOINT: Final = "keys/log.last"
NEXT_LOG_KEY: Final = "keys/log.next"
PACKAGE_KEY: Final = "keys/package"
LOGIN_KEYS: Final = "keys/login"
WATCHLIST: Final = "watchlist"
OUTLETS: Final = "outlets"
AIRFLOW: Final = "airflow/"
AIRFLOW_FILES: Final = ("fernet_key", "secret_key", "jwt_secret", "passwords.json", "first_started")
"""What the embedded Airflow keeps in its folder, beside what it makes anew."""
AIRFLOW_VARIABLES: Final = "airflow-variables"
NAMED_FILE: Final = "file/"
"""Followed by the number of a file that a setting names by its path."""


class NotKeptError(StorageError):
    """A file that belongs into the backup cannot be read; the operator mends it, or the setting that names it."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(
            f"{path}: expected {expected}, found {found}. No backup was written; mend it and try again."
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class _Found:
    """A thing to keep, or why there is none."""

    name: str
    what: str
    path: Path | None
    content: bytes | None = field(repr=False)
    reason: str | None = None
    lost: bool = True


def gather(settings: Settings, given: Mapping[str, str], *, env: Mapping[str, str] | None = None) -> Contents:
    """Everything there is to keep now; ``given`` are the settings as variables."""
    found = list(_all(settings, given, os.environ if env is None else env))
    manifest = BackupManifest(
        id=str(ULID()),
        made_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        software=version("letapis"),
        schema=newest_schema(),
        archive=of_archive(settings),
        things=_things(found),
        absent=tuple(Absence(each.name, each.reason or "", each.lost) for each in found if each.content is None),
    )
    return Contents(manifest, {each.name: each.content for each in found if each.content is not None})


def kept_things(
    settings: Settings, given: Mapping[str, str], *, env: Mapping[str, str] | None = None
) -> tuple[KeptThing, ...]:
    """The things alone, for which no database is asked."""
    return _things(_all(settings, given, os.environ if env is None else env))


def _things(found: Iterable[_Found]) -> tuple[KeptThing, ...]:
    return tuple(
        kept_thing(each.name, each.what, None if each.path is None else str(each.path), each.content)
        for each in found
        if each.content is not None
    )


def of_archive(settings: Settings) -> OfArchive:
    """To which archive the settings lead, and how far it has come."""
    store = None if settings.s3_endpoint is None else f"{settings.s3_endpoint}, bucket {settings.s3_bucket}"
    second = (
        None
        if settings.replica_endpoint is None
        else f"{settings.replica_endpoint}, bucket {settings.replica_bucket}"
    )
    newest = select(custody.c.seq, custody.c.digest).order_by(custody.c.seq.desc()).limit(1)
    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            row = connection.execute(newest).first()
            key = log_keys(connection).newest
    except (SettingsError, OtherSchemaError, SQLAlchemyError) as problem:
        reason = _why_not_known(problem)
        return OfArchive(store, second, None, None, None, f"{reason}, so how far custody had come is not known")
    return OfArchive(
        store=store,
        second_store=second,
        custody_entries=0 if row is None else int(row.seq),
        newest_digest=None if row is None else str(row.digest),
        verifier_key=None if key is None else str(key),
        problem=None,
    )


def _why_not_known(problem: Exception) -> str:
    if isinstance(problem, SettingsError):
        return "no database is known"
    if isinstance(problem, OtherSchemaError):
        found = "no tables" if problem.found is None else f"the tables of schema {problem.found}"
        return f"the database has {found}, and this version needs {problem.needed}"
    return "the database did not answer"


def _all(settings: Settings, given: Mapping[str, str], env: Mapping[str, str]) -> Iterator[_Found]:
    as_json = json.dumps(dict(given), ensure_ascii=False, indent=1).encode()
    yield _Found(SETTINGS, f"the settings that were given, as variables ({len(given)})", None, as_json)
    yield from _keys(settings)
    yield _optional(WATCHLIST, "the watch-list", settings.watchlist, "there is none")
    if settings.outlets is None:
        yield _Found(OUTLETS, "outlets", None, None, "no outlets are configured", lost=False)
    else:
        yield _Found(OUTLETS, "the file of outlets", settings.outlets, _read(settings.outlets))
    for number, (what, path) in enumerate(sorted(_named_files(settings)), start=1):
        yield _Found(f"{NAMED_FILE}{number}", what, path, _read(path))
    yield from _of_airflow(settings, env)
    if left := purge_variables(env):
        reason = f"{', '.join(left)}: keys for purging are kept apart from everything else"
        yield _Found("keys for purging", "", None, None, reason)


def _keys(settings: Settings) -> Iterator[_Found]:
    sealing, package = settings.sealing_keys_file, settings.package_key_file
    if os.path.lexists(sealing):
        read_keys(sealing)
    yield _optional(SEALING_KEYS, "the sealing keys", sealing, "there are none: what is sealed stays closed")
    log = settings.log_key_file
    if settings.log_pkcs11 is not None:
        reason = "it is in a PKCS#11 token, which lets nobody copy it: keep the token and its PIN"
        yield _Found(LOG_KEY, "the log's signing key", None, None, reason)
    else:
        if os.path.lexists(log):
            read_signing_key(log)
        yield _optional(LOG_KEY, "the log's signing key", log, "there is none: no checkpoint can be signed")
    for name, what, suffix in (
        (LAST_CHECKPOINT, "the last checkpoint that the log's key has signed", LAST_SIGNED),
        (NEXT_LOG_KEY, "the key that is about to replace the log's", NEXT_KEY),
    ):
        beside = log.with_name(f"{log.name}{suffix}")
        if os.path.lexists(beside):
            yield _Found(name, what, beside, _read(beside))
    if os.path.lexists(package):
        read_package_key(package)
    yield _optional(PACKAGE_KEY, "the key that signs packages", package, "there is none")
    login = settings.login_keys_file
    if os.path.lexists(login):  # most archives log in nowhere
        yield _Found(LOGIN_KEYS, "the keys of login profiles", login, _read(login))
        reason = f"they are sealed in {settings.login_folder}, and can be made anew with `letapis login`"
        yield _Found("login profiles", "", None, None, reason)


def _named_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Files that settings, or the file of outlets, name by their paths."""
    if settings.upstream_ca is not None:
        yield "the certificate authority that sites may use besides", settings.upstream_ca
    for each in settings.time_authorities:
        url, pinned, path = each.partition("|")
        if pinned:
            yield f"the roots of the time authority {url}", Path(path)
    for outlet in () if settings.outlets is None else read_outlet_file(settings.outlets):
        match outlet:
            case DeclaredEmail(name=name, password_file=Path() as file):
                yield f"the password of the outlet {name}", file
            case DeclaredTimeAuthority(name=name, roots=Path() as file):
                yield f"the roots of the outlet {name}", file


def _of_airflow(settings: Settings, env: Mapping[str, str]) -> Iterator[_Found]:
    folder = settings.data / "airflow"
    there = [name for name in AIRFLOW_FILES if (folder / name).is_file()]
    for name in there:
        yield _Found(f"{AIRFLOW}{name}", f"{name} of the embedded Airflow", folder / name, _read(folder / name))
    if secrets := {name: env[name] for name in AIRFLOW_SECRETS if env.get(name)}:
        content = "".join(f"{name}={value}\n" for name, value in secrets.items()).encode()
        yield _Found(AIRFLOW_VARIABLES, "the secrets of your own Airflow, as variables", None, content)
    elif not there:
        reason = "no Airflow has kept any in the data folder, and no variables name them"
        yield _Found("airflow", "", None, None, reason)


def _optional(name: str, what: str, path: Path, reason: str) -> _Found:
    if not os.path.lexists(path):
        return _Found(name, what, path, None, f"{what}: {reason} ({path})")
    return _Found(name, what, path, _read(path))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as problem:
        raise NotKeptError(path, "a file that can be read", problem.strerror or str(problem)) from problem
    if len(content) > LARGEST_FILE_BYTES:
        raise NotKeptError(path, f"at most {LARGEST_FILE_BYTES} bytes", "more")
    return content
