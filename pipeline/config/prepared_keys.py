"""Makes the sealing keys of a new archive, and sees that those of an older one are the ones that sealed it.

In: `Settings`, with a database that is migrated. Out: the keys, and whether they were made now. A new key beside
sealed entries would hide that the old one is lost, so none is made then. Raises `SealingKeysError`.
"""

import os

from sqlalchemy import NullPool, create_engine, select

from pipeline.config.settings import Settings
from storage.ledger.sealed_objects import SealedError, key_id_of
from storage.ledger.tables import sealed_objects
from storage.sealing_keys import SealingKeys, SealingKeysError, make_keys, read_keys


def prepare_sealing_keys(settings: Settings) -> tuple[SealingKeys, bool]:
    """Read the file, or make it where nothing has been sealed yet."""
    place = settings.sealing_keys_file
    sealed_with = _newest_key_id(settings.database().reader_url)
    if not os.path.lexists(place):
        if sealed_with is not None:
            raise SealingKeysError(place, f"the key {sealed_with}, which has sealed entries of custody", "no file")
        return make_keys(place), True
    keys = read_keys(place)
    if sealed_with is not None and keys.by_id(sealed_with) is None:
        raise SealingKeysError(place, f"the key {sealed_with}, which has sealed entries of custody", "others")
    return keys, False


def _newest_key_id(reader_url: str) -> str | None:
    query = select(sealed_objects.c.content).order_by(sealed_objects.c.seq.desc()).limit(1)
    with create_engine(reader_url, poolclass=NullPool).connect() as connection:
        content = connection.scalar(query)
    try:
        return None if content is None else key_id_of(bytes(content))
    except SealedError:
        return "(unreadable)"
