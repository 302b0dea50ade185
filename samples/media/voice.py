"""Voice messages: Ogg files with silent Opus packets of 20 ms. Source: RFC 3533 (Ogg), RFC 7845 (Opus)."""

import struct

SAMPLES_PER_PACKET = 960  # 20 ms at 48 kHz
SILENCE = b"\xf8\xff\xfe"  # CELT, full band, 20 ms, one silent frame
PACKETS_PER_PAGE = 50
FIRST_PAGE, LAST_PAGE, PLAIN_PAGE = 2, 4, 0
POLYNOMIAL = 0x04C11DB7


def checksum(page: bytes) -> int:
    """Ogg's CRC-32: not reflected, starting at zero."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ POLYNOMIAL if register & 0x80000000 else register << 1
        register &= 0xFFFFFFFF
    return register


def page(packets: list[bytes], kind: int, position: int, serial: int, number: int) -> bytes:
    """One Ogg page of whole packets, each shorter than 255 bytes."""
    table = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBqIII", b"OggS", 0, kind, position, serial, number, 0)
    unsigned = head + bytes([len(table)]) + table + b"".join(packets)
    return unsigned[:22] + struct.pack("<I", checksum(unsigned)) + unsigned[26:]


def voice_bytes(seconds: int, serial: int) -> bytes:
    """A silent recording of that many seconds; another serial number makes another file."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48000, 0, 0)
    vendor = b"letapis samples"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [page([head], FIRST_PAGE, 0, serial, 0), page([tags], PLAIN_PAGE, 0, serial, 1)]
    for second in range(seconds):
        last = second == seconds - 1
        position = (second + 1) * PACKETS_PER_PAGE * SAMPLES_PER_PACKET
        kind = LAST_PAGE if last else PLAIN_PAGE
        pages.append(page([SILENCE] * PACKETS_PER_PAGE, kind, position, serial, second + 2))
    return b"".join(pages)
