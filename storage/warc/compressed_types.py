"""Tells whether a response's body is compressed already, so that deflating it again would cost and gain nothing.

By content-encoding, declared type, and the first bytes where the type says too little.
Types: IANA media types registry, values retrieved 2026-11-23; magic numbers: the formats' own specifications.
"""

from crawlers.model.capture import Exchange

COMPRESSED_PREFIXES = ("image/", "video/", "audio/", "font/woff")
NOT_COMPRESSED = frozenset(
    {"image/svg+xml", "image/bmp", "image/x-ms-bmp", "image/tiff", "audio/wav", "audio/x-wav"}
)
COMPRESSED_TYPES = frozenset(
    {
        "application/zip",
        "application/gzip",
        "application/x-gzip",
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/x-rar-compressed",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/epub+zip",
        "application/java-archive",
        "application/vnd.android.package-archive",
    }
)
OPEN_XML_PREFIXES = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
MAGIC_NUMBERS = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf",
    b"Rar!",
    b"OggS",
    b"\x1a\x45\xdf\xa3",
    b"ID3",
)


def is_compressed(exchange: Exchange) -> bool:
    """Whether a stored gzip member suits the response."""
    if exchange.content_encoding not in (None, "", "identity"):
        return True
    media_type = exchange.media_type
    if media_type is not None:
        if media_type in NOT_COMPRESSED:
            return False
        if media_type.startswith(COMPRESSED_PREFIXES) or media_type in COMPRESSED_TYPES:
            return True
        if media_type.startswith(OPEN_XML_PREFIXES):
            return True
        if media_type.startswith("text/"):
            return False
    message = exchange.response
    if not isinstance(message.block, bytes):
        return False
    return message.block.startswith(MAGIC_NUMBERS, message.head_length)
