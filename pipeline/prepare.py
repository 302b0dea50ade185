"""Makes what an archive needs where the settings name it: tables, roles, keys, buckets, Airflow's pools.

In: `Settings`. Out: one `Prepared` per thing, in the order in which they were made; what is there already is left
as it is, so that preparing again is safe. Raises `MigrationError`, `SealingKeysError`, `LogKeyError`,
`PackageKeyError`, `StoreError` and `SettingsError` for what an archive cannot do without. An unavailable second
store is a ``problem`` and no more: its copies are pending.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from access.replay.capability import make_replay_key
from pipeline.airflow_api import AirflowApi
from pipeline.airflow_old_words import remove_runs
from pipeline.airflow_roles import ensure_roles
from pipeline.config.archive_factory import open_replica, open_store, opened_archive
from pipeline.config.log_signer import prepare_signer
from pipeline.config.prepared_keys import prepare_sealing_keys
from pipeline.config.settings import Settings
from pipeline.handover.package_key import prepare_package_key
from pipeline.preserve.checkpoint import log_began_with
from storage.migrations import migrate
from storage.objects.errors import StoreError
from storage.sealing_keys import id_of_key

POOLS: Final[Mapping[str, tuple[int, str]]] = {
    "harvest": (4, "The nightly crawls: so many sources at once."),
    "on_demand": (2, "Pages that a person asked for; never behind the nightly crawls."),
}
"""The pools that the DAGs name, with slots to begin with: a task whose pool is missing waits without a word."""


@dataclass(frozen=True)
class Prepared:
    """One thing that is ready now; ``problem`` is a sentence where it is not, and may come later."""

    name: str
    found: str
    problem: str | None = None


def prepare_archive(settings: Settings) -> Iterator[Prepared]:
    """Tables and roles, the keys of sealing, log, replay and packages, the bucket, the second store's bucket."""
    migrated = migrate(settings.database_owner())
    yield Prepared("Database", f"schema {migrated.now}, {_since(migrated.before, migrated.now)}")
    keys, keys_made = prepare_sealing_keys(settings)
    newest = f"newest {id_of_key(keys.newest)}, {_made(keys_made)}"
    yield Prepared("Sealing keys", f"{settings.sealing_keys_file}, {newest}")
    yield _log_key(settings)
    yield Prepared("Replay key", f"{settings.replay_key_file}, {_made(make_replay_key(settings.replay_key_file))}")
    yield Prepared("Package key", _package_key(settings))
    store = open_store(settings)
    made = store.ensure_bucket()
    yield Prepared("Object store", f"{store.endpoint}, bucket {store.bucket}, {_made(made)}")
    replica = open_replica(settings)
    if replica is None:
        return
    place = f"{replica.endpoint}, bucket {replica.bucket}"
    try:
        made = replica.ensure_bucket()
    except StoreError as problem:
        reason = f"The second store is unavailable; its copies are pending. {problem}"
        yield Prepared("Second store", place, reason)
    else:
        yield Prepared("Second store", f"{place}, {_made(made)}")


def prepare_pools(api: AirflowApi) -> Iterator[Prepared]:
    """Airflow's pools; slots that an operator has changed stay."""
    for name, (slots, description) in POOLS.items():
        made = api.ensure_pool(name, slots=slots, description=description)
        yield Prepared(f"Pool {name}", f"{slots} slots, made" if made else "there before")


def _log_key(settings: Settings) -> Prepared:
    """The key that signs checkpoints; none is made for a log that has begun with another."""
    with opened_archive(settings) as archive:
        begun = log_began_with(archive)
    place = settings.log_pkcs11 or str(settings.log_key_file)
    if begun is not None and settings.log_pkcs11 is None and not os.path.lexists(settings.log_key_file):
        reason = (
            f"No checkpoint can be signed: the log began with the key {begun}, whose file is not at "
            f"{settings.log_key_file}. Bring it back from your copy, or set LETAPIS_LOG_KEY."
        )
        return Prepared("Key of the log", place, reason)
    signer, made = prepare_signer(settings)
    return Prepared("Key of the log", f"{place}, {signer.key.verifier_key}, {_made(made)}")


def _package_key(settings: Settings) -> str:
    """The key that signs packages: where it is, and how its public half is known."""
    key, made = prepare_package_key(settings.package_key_file)
    return f"{settings.package_key_file}, {key.name}, {_made(made)}"


def prepare_roles(api: AirflowApi) -> Iterator[Prepared]:
    """The roles of people in Airflow's FAB auth manager; a role that an operator has changed stays."""
    for name, made in ensure_roles(api):
        yield Prepared(name, f"role of Airflow, {_made(made)}")


def remove_old_words(api: AirflowApi) -> Iterator[Prepared]:
    """Runs of earlier versions that hold a reason or a case; nothing where there are none."""
    if "archive_url" not in api.known_dags():
        return
    removed = remove_runs(api)
    if removed.runs or removed.kept:
        yield Prepared("Old runs", removed.sentence(), removed.sentence() if removed.kept else None)


def _since(before: str | None, now: str) -> str:
    if before is None:
        return "made"
    return "there before" if before == now else f"brought up from {before}"


def _made(made: bool) -> str:
    return "made" if made else "there before"
