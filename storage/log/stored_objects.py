"""The objects of the log in a store: of each key the version that is meant, and which of them have to last.

In: a store. Out: `ListedVersion`s. Of several versions of a key the oldest is meant: objects of the log are
written only where the key is free, so that a later one was laid over it. A partial tile or bundle need not last
once the full one is there (C2SP tlog-tiles, "Partial Tiles"). Raises `storage.objects.errors`.
"""

from collections.abc import Iterator
from itertools import groupby

from processors.transparency_log.tiles import WIDTH, Tile, TilePath, parse_path
from storage.objects.keys import LOG_PREFIX
from storage.objects.model import ListedVersion
from storage.objects.reader import StoreReader


def stored_objects(objects: StoreReader, prefix: str = LOG_PREFIX) -> Iterator[ListedVersion]:
    """The oldest version of every key of the log, or of those that begin with ``prefix``."""
    for _, listed in groupby(objects.list(prefix), key=lambda each: each.key):
        versions = [each for each in listed if not each.delete_marker]
        if versions:
            yield versions[-1]


def lasting_objects(objects: StoreReader) -> list[ListedVersion]:
    """The same without partial tiles and bundles of which the full one is there."""
    listed = list(stored_objects(objects))
    keys = {each.key for each in listed}
    return [each for each in listed if _full_key(each.key) not in keys]


def _full_key(key: str) -> str | None:
    """The key of the full tile or bundle that a partial one became; None for everything else."""
    try:
        found = parse_path(key.removeprefix(LOG_PREFIX))
    except ValueError:
        return None
    if found.tile.width == WIDTH:
        return None
    return f"{LOG_PREFIX}{TilePath(Tile(found.tile.level, found.tile.index), found.entries).path}"
