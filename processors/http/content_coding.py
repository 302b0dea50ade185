"""Removes one content-encoding from an entity, within a limit, so that a bomb stays small.

Known codings: gzip, deflate (with or without its zlib wrapper, since servers send both), br, zstd, identity
(IANA HTTP Content Coding Registry). A body that says gzip or zstd but lacks the magic number is given as it is:
archives hold many that were decoded before they were stored.
"""

import zlib
from collections.abc import Callable

import brotli
import zstandard

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

# A block of 4 bytes can stand for 128 KiB (RFC 8878, section 3.1.1.2): one step decodes to 8 MiB at most.
ZSTD_STEP_BYTES = 256


class UndecodableEntity(ValueError):
    """The entity cannot be decoded; ``reason`` says why, ``partial`` is what could be."""

    def __init__(self, reason: str, partial: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.partial = partial


def decode_content(content: bytes, coding: str, limit_bytes: int) -> bytes:
    """Remove the coding; raises ``UndecodableEntity``."""
    if coding in ("", "identity") or not content:
        return content
    decoder = DECODERS.get(coding)
    if decoder is None:
        raise UndecodableEntity(f"unknown content-encoding {coding!r}", content)
    return decoder(content, limit_bytes)


def _too_long(coding: str, limit_bytes: int, partial: bytes) -> UndecodableEntity:
    return UndecodableEntity(
        f"{coding} decodes to more than the limit of {limit_bytes} bytes", partial[:limit_bytes]
    )


def _inflate(content: bytes, limit_bytes: int, *, coding: str, window_bits: int) -> bytes:
    out = bytearray()
    rest = content
    while rest:
        inflater = zlib.decompressobj(window_bits)
        try:
            out += inflater.decompress(rest, limit_bytes + 1 - len(out))
        except zlib.error as error:
            raise UndecodableEntity(f"{coding} is damaged after {len(out)} bytes: {error}", bytes(out)) from error
        if len(out) > limit_bytes:
            raise _too_long(coding, limit_bytes, bytes(out))
        if not inflater.eof:
            raise UndecodableEntity(f"{coding} ends early, after {len(out)} bytes", bytes(out))
        rest = inflater.unused_data
        if not rest.startswith(GZIP_MAGIC):
            break  # browsers ignore what follows the last member
    return bytes(out)


def _gzip(content: bytes, limit_bytes: int) -> bytes:
    if not content.startswith(GZIP_MAGIC):
        return content
    return _inflate(content, limit_bytes, coding="gzip", window_bits=31)


def _deflate(content: bytes, limit_bytes: int) -> bytes:
    wrapped = content[0] & 0x0F == 8 and len(content) > 1 and int.from_bytes(content[:2]) % 31 == 0
    return _inflate(content, limit_bytes, coding="deflate", window_bits=15 if wrapped else -15)


def _brotli(content: bytes, limit_bytes: int) -> bytes:
    decompressor = brotli.Decompressor()
    out = bytearray()
    rest = content
    try:
        while True:
            out += decompressor.process(rest, output_buffer_limit=max(1, limit_bytes + 1 - len(out)))
            if len(out) > limit_bytes:
                raise _too_long("br", limit_bytes, bytes(out))
            if decompressor.is_finished():
                return bytes(out)
            if decompressor.can_accept_more_data():
                raise UndecodableEntity(f"br ends early, after {len(out)} bytes", bytes(out))
            rest = b""
    except brotli.error as error:
        raise UndecodableEntity(f"br is damaged after {len(out)} bytes: {error}", bytes(out)) from error


def _zstd(content: bytes, limit_bytes: int) -> bytes:
    if not content.startswith(ZSTD_MAGIC):
        return content
    out = bytearray()
    rest = content
    while rest:
        # 8 MiB is the window RFC 9659 allows for this coding
        decompressor = zstandard.ZstdDecompressor(max_window_size=8 << 20).decompressobj()
        try:
            for start in range(0, len(rest), ZSTD_STEP_BYTES):
                out += decompressor.decompress(rest[start : start + ZSTD_STEP_BYTES])
                if len(out) > limit_bytes:
                    raise _too_long("zstd", limit_bytes, bytes(out))
                if decompressor.eof:
                    rest = decompressor.unused_data + rest[start + ZSTD_STEP_BYTES :]
                    break
        except zstandard.ZstdError as error:
            raise UndecodableEntity(f"zstd is damaged after {len(out)} bytes: {error}", bytes(out)) from error
        if not decompressor.eof:
            raise UndecodableEntity(f"zstd ends early, after {len(out)} bytes", bytes(out))
        if not rest.startswith(ZSTD_MAGIC):
            break
    return bytes(out)


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
