"""Reads the tree of the log from its tiles in a store: hashes, roots, proofs.

In: a store, the size of a tree. Out: hashes and proofs (`processors.transparency_log.merkle`). Whoever relies on
them holds them against a root that is known: a tile may have been replaced. Of several versions of a key the
oldest is meant, since tiles are written only where the key is free. Raises `TileMissingError`, ``ValueError`` on a
tile of another length, and `storage.objects.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from processors.transparency_log.merkle import consistency_proof, inclusion_proof, range_root
from processors.transparency_log.tiles import (
    WIDTH,
    Tile,
    subtrees_from_tiles,
    tile_hashes,
    tile_holding,
)
from storage.errors import StorageError
from storage.objects.keys import log_key
from storage.objects.reader import StoreReader


class TileMissingError(StorageError):
    """A tile of the log is not in the store; a person brings it back from another copy."""

    def __init__(self, store: str, key: str, size: int) -> None:
        super().__init__(
            f"Log ({store}): expected the tile {key}, which a checkpoint over {size} entries needs, found none. "
            "Nothing was changed; bring the object back from another copy of the store, then run the step again."
        )
        self.store = store
        self.key = key
        self.size = size


@dataclass(frozen=True, slots=True)
class LogTree:
    """The tree of the first ``size`` entries as the tiles of a store have it; a tile is read when it is needed."""

    objects: StoreReader
    size: int
    _read: dict[Tile, Sequence[bytes]] = field(default_factory=dict)

    def hashes_of(self, tile: Tile) -> Sequence[bytes]:
        """The hashes of a tile, from a full one where the partial one is gone."""
        if tile not in self._read:
            self._read[tile] = self._hashes_of(tile)
        return self._read[tile]

    def leaf(self, index: int) -> bytes:
        """The hash of the entry ``index + 1``."""
        tile = tile_holding(0, index, self.size)
        return self.hashes_of(tile)[index % WIDTH]

    def root(self, size: int | None = None) -> bytes:
        """The root of the first ``size`` entries, by default of all."""
        return range_root(0, self.size if size is None else size, self._subtree)

    def range_root(self, start: int, end: int) -> bytes:
        """The root over the entries ``start + 1`` to ``end``, a range as in RFC 6962's splits of a tree."""
        return range_root(start, end, self._subtree)

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The proof that the entry ``index + 1`` is in the tree."""
        return inclusion_proof(index, self.size, self._subtree)

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """The proof that the tree of the first ``old`` entries is the beginning of this one."""
        return consistency_proof(old, self.size, self._subtree)

    def _subtree(self, level: int, index: int) -> bytes:
        return subtrees_from_tiles(self.size, self.hashes_of)(level, index)

    def _hashes_of(self, tile: Tile) -> Sequence[bytes]:
        for stored in dict.fromkeys((tile, Tile(tile.level, tile.index))):
            content = read_oldest(self.objects, log_key(stored.path))
            if content is not None:
                return tile_hashes(content, stored.width)[: tile.width]
        raise TileMissingError(self.objects.name, log_key(tile.path), self.size)


def read_oldest(objects: StoreReader, key: str) -> bytes | None:
    """The bytes of the oldest version of a key; None where there is none."""
    versions = [each for each in objects.list(key) if each.key == key and not each.delete_marker]
    return objects.read(key, versions[-1].version_id) if versions else None
