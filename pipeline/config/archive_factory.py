"""Opens the archive that the settings name: the one place where store and database become an `Archive`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from access.replay.capability import CapabilitySeal, read_replay_key
from access.replay.door import ReplayDoor
from pipeline.config.database import database_engine
from pipeline.config.outlet_file import read_outlet_file
from pipeline.config.purge_keys import purge_keys
from pipeline.config.settings import Settings, SettingsError, StoreAccess
from storage.archive import Archive
from storage.migrations import refuse_other_schemas
from storage.objects.model import PRIMARY, REPLICA
from storage.objects.store import ObjectStore
from storage.objects.version_remover import VersionRemover
from storage.sealing_keys import SealingKeys, SealingKeysError, read_keys


def open_archive(settings: Settings) -> Archive:
    """Connect lazily: nothing is asked of store or database yet. Raises `SettingsError` for what is missing.

    A connection to the tables of another version is refused when it is made: `OtherSchemaError`.
    """
    database = settings.database()
    return Archive(
        objects=open_store(settings),
        writer=refuse_other_schemas(database_engine(database.writer_url, "letapis-writer")),
        reader=refuse_other_schemas(database_engine(database.reader_url, "letapis-reader")),
        accesses=None if database.access_url is None else database_engine(database.access_url, "letapis-access"),
        replica=open_replica(settings),
        sealing=sealing_keys(settings),
        nights_since=settings.nights_since,
        outlets=outlet_names(settings),
        hash_folder=settings.data / "hashes",
        search_folder=settings.search_folder,
    )


@contextmanager
def opened_archive(settings: Settings) -> Iterator[Archive]:
    """The archive for the length of a piece of work; its connections are closed at the end."""
    archive = open_archive(settings)
    try:
        yield archive
    finally:
        archive.writer.dispose()
        archive.reader.dispose()
        if archive.accesses is not None:
            archive.accesses.dispose()


def sealing_keys(settings: Settings) -> SealingKeys | None:
    """The sealing keys; None where no file is named and none is in its usual place. Raises `SettingsError`."""
    place = settings.sealing_keys_file
    if settings.sealing_keys is None and not os.path.lexists(place):
        return None
    try:
        return read_keys(place)
    except SealingKeysError as problem:
        raise SettingsError((str(problem),)) from problem


def outlet_names(settings: Settings) -> tuple[str, ...]:
    """Every configured outlet; raises `SettingsError`."""
    second = () if settings.replica() is None else (REPLICA,)
    declared = () if settings.outlets is None else read_outlet_file(settings.outlets)
    return (*second, *(each.name for each in declared))


def replay_door(settings: Settings) -> ReplayDoor | None:
    """The door to the replay host; None where no host is known. Raises `ReplayKeyError`."""
    if settings.replay_url is None:
        return None
    return ReplayDoor(settings.replay_url, CapabilitySeal(read_replay_key(settings.replay_key_file)))


def open_store(settings: Settings) -> ObjectStore:
    """The object store alone."""
    return _store(settings.store(), PRIMARY)


def open_replica(settings: Settings) -> ObjectStore | None:
    """The second store alone; None where the settings name none."""
    replica = settings.replica()
    return None if replica is None else _store(replica, REPLICA, attempts=2)  # its copies stay pending


def open_removers(settings: Settings) -> dict[str, VersionRemover]:
    """By store what may delete single versions there; of a store whose purge key is not here there is none."""
    stores = [(PRIMARY, settings.store(), *purge_keys(settings))]
    if (replica := settings.replica()) is not None:
        stores.append((REPLICA, replica, settings.replica_purge_access_key, settings.replica_purge_secret_key))
    return {
        name: VersionRemover(
            store.endpoint, store.bucket, access_key=key, secret_key=secret, region=store.region, name=name
        )
        for name, store, key, secret in stores
        if key is not None and secret is not None
    }


def _store(store: StoreAccess, name: str, *, attempts: int = 4) -> ObjectStore:
    return ObjectStore(
        store.endpoint,
        store.bucket,
        access_key=store.access_key,
        secret_key=store.secret_key,
        region=store.region,
        lock_mode=store.lock_mode,
        lock_days=store.lock_days,
        name=name,
        attempts=attempts,
    )
