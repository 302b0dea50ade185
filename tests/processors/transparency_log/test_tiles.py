"""Coordinates, bytes and the growing edge of tiles; expectations are the examples of C2SP tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.transparency_log.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    merkle_root,
)
from processors.transparency_log.tiles import (
    Tile,
    TilePath,
    TreeEdge,
    bundle_bytes,
    bundle_entries,
    edge_tiles,
    parse_path,
    root_from_tiles,
    subtrees_from_tiles,
    tile_bytes,
    tile_hashes,
    tile_holding,
    tiles_of,
)


def test_the_index_of_a_tile_is_written_in_threes() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(0, 1234067, 8).entries_path == "tile/entries/x001/x234/067.p/8"
    assert Tile(1, 0, 1).path == "tile/1/000.p/1"


def test_a_tree_of_70000_has_the_tiles_that_the_specification_names() -> None:
    tiles = list(tiles_of(70_000))
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.level or tile.width < 256] == [
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert list(edge_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


def test_a_tree_of_256_is_a_full_tile_and_one_of_a_single_hash() -> None:
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256), st.booleans())
def test_a_path_is_read_as_it_was_written(level: int, index: int, width: int, entries: bool) -> None:
    written = TilePath(Tile(0 if entries else level, index, width), entries)
    assert parse_path(written.path) == written


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/08",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/64/001",
        "tile/0/-01",
        "tile/0/٠٠١",
        "tile/entries",
        "checkpoint",
        "tile/other/001",
    ],
)
def test_another_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path of a tile"):
        parse_path(path)


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    assert bundle_entries(bundle_bytes(entries), len(entries)) == tuple(entries)


@given(st.binary(max_size=100), st.integers(0, 20))
def test_bytes_are_a_bundle_or_refused(content: bytes, width: int) -> None:
    try:
        entries = bundle_entries(content, width)
    except ValueError:
        return
    assert bundle_bytes(entries) == content


def test_the_lengths_in_a_bundle_are_big_endian() -> None:
    assert bundle_bytes([b"", b"a", b"b" * 300]) == b"\0\0" + b"\0\1a" + b"\x01\x2c" + b"b" * 300


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(ValueError, match="expected up to 65535 bytes, found 65536"):
        bundle_bytes([bytes(65_536)])


def test_a_bundle_that_breaks_off_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 4 bytes, found 3"):
        bundle_entries(b"\0\2a", 1)


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a tile of 2 hashes: expected 64 bytes, found 65"):
        tile_hashes(bytes(65), 2)


def grown(size: int, start: int = 0, stored: dict[str, bytes] | None = None) -> tuple[TreeEdge, dict[str, bytes]]:
    """A tree grown leaf by leaf in tiles; ``stored`` holds the bytes of its tiles, of the start's as well."""
    tiles: dict[str, bytes] = {} if stored is None else stored

    def partial(tile: Tile) -> tuple[bytes, ...]:
        return tile_hashes(tiles[tile.path], tile.width)

    edge = TreeEdge(start, partial)
    for number in range(start, size):
        for tile, hashes in edge.append(leaf_hash(str(number).encode())):
            tiles[tile.path] = tile_bytes(hashes)
    for tile, hashes in edge.partial_tiles():
        tiles[tile.path] = tile_bytes(hashes)
    return edge, tiles


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
def test_the_tiles_of_a_tree_give_its_root(size: int) -> None:
    edge, tiles = grown(size)
    assert set(tiles) == {tile.path for tile in tiles_of(size)}
    root = merkle_root(leaves_of(size))
    assert edge.root() == root
    assert root_from_tiles(size, lambda tile: tile_hashes(tiles[tile.path], tile.width)) == root


def test_an_empty_tree_has_no_tiles() -> None:
    assert grown(0)[0].root() == EMPTY_ROOT
    assert list(tiles_of(0)) == []


@given(st.integers(0, 1200), st.integers(0, 600))
def test_a_tree_goes_on_from_its_partial_tiles(start: int, more: int) -> None:
    _, tiles = grown(start)
    edge, tiles = grown(start + more, start, tiles)
    assert edge.root() == merkle_root(leaves_of(start + more))
    assert {tile.path for tile in tiles_of(start + more)} <= set(tiles)


@given(st.integers(1, 1500), st.data())
def test_proofs_come_from_tiles_alone(size: int, data: st.DataObject) -> None:
    leaves, (_, tiles) = leaves_of(size), grown(size)
    subtree = subtrees_from_tiles(size, lambda tile: tile_hashes(tiles[tile.path], tile.width))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root = merkle_root(leaves)
    assert includes(leaves[index], index, size, inclusion_proof(index, size, subtree), root)
    assert extends(old, merkle_root(leaves[:old]), size, root, consistency_proof(old, size, subtree))


def test_a_hash_beyond_the_tree_lies_in_no_tile() -> None:
    assert tile_holding(0, 999, 1000) == Tile(0, 3, 232)
    with pytest.raises(ValueError, match="hash 1000 of level 0: a tree of 1000 leaves has 1000 there"):
        tile_holding(0, 1000, 1000)
