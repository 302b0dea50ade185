"""Tiles and entry bundles of a log: where they lie, what is in them, and the edge of a tree that grows.

In: hashes of leaves, bytes of entries, sizes of trees. Out: `Tile` coordinates with their paths, bytes of tiles
and bundles, and back. A tile holds up to 256 hashes and stands for 8 levels of the tree; a bundle holds the
entries of one tile of level 0. Raises ``ValueError`` on what is no tile, no bundle, or no path of one. Source:
C2SP tlog-tiles.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from processors.transparency_log.merkle import HASH_BYTES, CompactRange, Subtree, fold, full_subtrees, merkle_root

WIDTH: Final = 256
"""Hashes in a full tile."""
HEIGHT: Final = 8
"""Levels of the tree in one tile."""
HIGHEST_LEVEL: Final = 63
LONGEST_ENTRY_BYTES: Final = 0xFFFF
"""The length of an entry in a bundle is two bytes."""
ENTRIES: Final = "entries"


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The ``index``-th tile of a level; ``width`` hashes, 256 where it is full."""

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= HIGHEST_LEVEL or self.index < 0 or not 1 <= self.width <= WIDTH:
            raise ValueError(f"a tile: expected level 0 to 63, an index, 1 to 256 hashes, found {self!r}")

    @property
    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]``."""
        return f"tile/{self.level}/{self._end}"

    @property
    def entries_path(self) -> str:
        """``tile/entries/<N>[.p/<W>]``: the bundle of the entries whose hashes a tile of level 0 holds."""
        if self.level:
            raise ValueError(f"an entry bundle: expected a tile of level 0, found level {self.level}")
        return f"tile/{ENTRIES}/{self._end}"

    @property
    def _end(self) -> str:
        digits = str(self.index)
        digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
        parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        end = "/".join((*(f"x{part}" for part in parts[:-1]), parts[-1]))
        return end if self.width == WIDTH else f"{end}.p/{self.width}"


@dataclass(frozen=True, slots=True)
class TilePath:
    """What a path says: a tile of hashes, or the bundle of ``tile``'s entries."""

    tile: Tile
    entries: bool

    @property
    def path(self) -> str:
        """The path in its only form."""
        return self.tile.entries_path if self.entries else self.tile.path


def parse_path(path: str) -> TilePath:
    """Read the path of a tile or a bundle; raises ``ValueError`` where it is not written in its only form."""
    try:
        _, kind, rest = path.split("/", 2)
        index, partial, width = rest.partition(".p/")
        number = int(index.replace("x", "").replace("/", ""))
        level = 0 if kind == ENTRIES else int(kind)
        found = TilePath(Tile(level, number, int(width) if partial else WIDTH), kind == ENTRIES)
    except ValueError as problem:
        raise ValueError(f"path of a tile: expected tile/<L>/<N>[.p/<W>], found {path!r}") from problem
    if found.path != path:
        raise ValueError(f"path of a tile: expected {found.path}, found {path!r}")
    return found


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of hashes of a tree, level by level; the last of a level may be partial."""
    level, hashes = 0, size
    while hashes:
        full, partial = divmod(hashes, WIDTH)
        for index in range(full):
            yield Tile(level, index)
        if partial:
            yield Tile(level, full, partial)
        level, hashes = level + 1, full


def edge_tiles(size: int) -> Iterator[Tile]:
    """The partial tiles of a tree, at most one a level: all that is needed to go on from there."""
    level, hashes = 0, size
    while hashes:
        full, partial = divmod(hashes, WIDTH)
        if partial:
            yield Tile(level, full, partial)
        level, hashes = level + 1, full


def tile_bytes(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile."""
    return b"".join(hashes)


def tile_hashes(content: bytes, width: int) -> tuple[bytes, ...]:
    """The hashes in the bytes of a tile; raises ``ValueError`` on another length."""
    if len(content) != width * HASH_BYTES:
        raise ValueError(f"a tile of {width} hashes: expected {width * HASH_BYTES} bytes, found {len(content)}")
    return tuple(content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES))


def fits_bundle(entry: bytes) -> bool:
    """Whether a bundle can hold the entry."""
    return len(entry) <= LONGEST_ENTRY_BYTES


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """The bytes of a bundle; raises ``ValueError`` where an entry is too long for one."""
    for entry in entries:
        if not fits_bundle(entry):
            raise ValueError(
                f"an entry in a bundle: expected up to {LONGEST_ENTRY_BYTES} bytes, found {len(entry)}"
            )
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def bundle_entries(content: bytes, width: int) -> tuple[bytes, ...]:
    """The entries in the bytes of a bundle; raises ``ValueError`` where they are not ``width`` whole ones."""
    entries, at = [], 0
    while at < len(content):
        start = at + 2
        at = start + int.from_bytes(content[at:start])
        if at > len(content):
            raise ValueError(f"an entry bundle: expected {at} bytes, found {len(content)}")
        entries.append(content[start:at])
    if len(entries) != width:
        raise ValueError(f"an entry bundle: expected {width} entries, found {len(entries)}")
    return tuple(entries)


class TreeEdge:
    """The right edge of a tree in tiles: what has to be kept to add leaves, at most 255 hashes a level.

    ``append`` returns the tiles that a leaf has filled, with their hashes; they are then forgotten here.
    """

    def __init__(self, size: int = 0, partial: Callable[[Tile], Sequence[bytes]] = lambda _: ()) -> None:
        """``partial`` gives the hashes of each partial tile of the tree of ``size``."""
        self.size = size
        self._levels: list[list[bytes]] = []
        for tile in edge_tiles(size):
            hashes = partial(tile)
            if len(hashes) != tile.width:
                raise ValueError(f"{tile.path}: expected {tile.width} hashes, found {len(hashes)}")
            self._level(tile.level).extend(hashes)

    def append(self, leaf: bytes) -> list[tuple[Tile, tuple[bytes, ...]]]:
        """Add the hash of the next leaf."""
        filled: list[tuple[Tile, tuple[bytes, ...]]] = []
        self._level(0).append(leaf)
        self.size += 1
        level, count = 0, self.size
        while len(hashes := self._level(level)) == WIDTH:
            count //= WIDTH
            filled.append((Tile(level, count - 1), tuple(hashes)))
            self._level(level + 1).append(merkle_root(hashes))
            hashes.clear()
            level += 1
        return filled

    def partial_tiles(self) -> list[tuple[Tile, tuple[bytes, ...]]]:
        """The partial tiles of the tree as it is now, with their hashes."""
        return [(tile, tuple(self._levels[tile.level])) for tile in edge_tiles(self.size)]

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        subtrees: list[bytes] = []
        for hashes in reversed(self._levels):
            edge = CompactRange()
            for each in hashes:
                edge.append(each)
            subtrees.extend(edge.subtrees)
        return fold(subtrees)

    def _level(self, level: int) -> list[bytes]:
        while len(self._levels) <= level:
            self._levels.append([])
        return self._levels[level]


def subtrees_from_tiles(size: int, hashes_of: Callable[[Tile], Sequence[bytes]]) -> Subtree:
    """The full subtrees of a tree of ``size``, for proofs; ``hashes_of`` reads a tile when it is needed."""

    def subtree(level: int, index: int) -> bytes:
        tile_level, within = divmod(level, HEIGHT)
        first = index << within
        tile = tile_holding(tile_level, first, size)
        hashes = hashes_of(tile)
        start = first % WIDTH
        return merkle_root(hashes[start : start + (1 << within)])

    return subtree


def tile_holding(level: int, position: int, size: int) -> Tile:
    """The tile that holds the hash at ``position`` of a level of tiles, as wide as a tree of ``size`` has it."""
    index = position // WIDTH
    count = size >> (HEIGHT * level)
    if position >= count:
        raise ValueError(f"hash {position} of level {level}: a tree of {size} leaves has {count} there")
    return Tile(level, index, min(WIDTH, count - index * WIDTH))


def root_from_tiles(size: int, hashes_of: Callable[[Tile], Sequence[bytes]]) -> bytes:
    """The root of a tree from the tiles on its right edge."""
    subtree = subtrees_from_tiles(size, hashes_of)
    return fold([subtree(level, index) for level, index in full_subtrees(0, size)])
