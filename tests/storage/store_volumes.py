"""Turns a bit of an object on the embedded store's disk, or loses all of its bytes, behind the store's back.

SeaweedFS keeps each object's bytes in a needle of a volume file (``*.dat``): a head, the length, the bytes, and
after the needle's body a CRC-32C of the bytes, which it checks when it reads. Who can write the disk can write
that, too. Source: SeaweedFS wiki, "Volume file structure", version 3 (read 2026-11-23); checked below before
anything is turned.
"""

from pathlib import Path

HEAD_BYTES = 4 + 8 + 4  # cookie, id, size of the body
POLYNOMIAL = 0x82F63B78


def turn_bit(objects_folder: Path, content: bytes, bit: int) -> bytes:
    """Turn a bit and mend the checksum, so that the store itself sees nothing; returns what the bytes are now."""
    turned = bytearray(content)
    turned[bit // 8] ^= 1 << bit % 8
    _write_over(objects_folder, content, bytes(turned), mend=True)
    return bytes(turned)


def lose_bytes(objects_folder: Path, content: bytes, *, noticed: bool = False) -> None:
    """Zeros in place of the bytes, as of a block that a disk has lost; name, length and digest stay told.

    ``noticed``: the store finds by its checksum that it cannot give them, which takes it a quarter of a minute.
    """
    _write_over(objects_folder, content, bytes(len(content)), mend=not noticed)


def _write_over(objects_folder: Path, content: bytes, other: bytes, *, mend: bool) -> None:
    """Find the one needle with these bytes and write others of the same length in their place."""
    for volume in objects_folder.rglob("*.dat"):
        stored = volume.read_bytes()
        at = stored.find(content)
        if at < 0:
            continue
        assert stored.find(content, at + 1) < 0, "the bytes stand twice"
        size_at = at - 4 - 4
        body_at = size_at + 4
        size = int.from_bytes(stored[size_at:body_at], "big")
        assert int.from_bytes(stored[body_at : body_at + 4], "big") == len(content)
        checksum_at = body_at + size
        assert stored[checksum_at : checksum_at + 4] == crc32c(content).to_bytes(4, "big")
        with volume.open("r+b") as file:
            file.seek(at)
            file.write(other)
            if mend:
                file.seek(checksum_at)
                file.write(crc32c(other).to_bytes(4, "big"))
        return
    raise AssertionError("no volume has these bytes")


def crc32c(content: bytes) -> int:
    """Castagnoli's CRC, bit by bit: a few kilobytes are enough for a test."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
