"""RTF, XLS and DOC made from rows of text by the few bytes that the formats ask for.

Made here and not by the libraries under test, so that both can be wrong only apart. Sources: RTF 1.9.1,
[MS-CFB], [MS-XLS], [MS-DOC].
"""

import struct
from collections.abc import Sequence

Row = Sequence[str]


def rtf(paragraphs: Sequence[str], rows: Sequence[Row], edges: Sequence[int]) -> bytes:
    """A document in code page 1251: paragraphs, then a table with these right edges in twips."""
    body = "".join(f"{_rtf_text(line)}\\par\n" for line in paragraphs)
    for row in rows:
        cells = "".join(f"\\cellx{edge}" for edge in edges)
        body += f"\\trowd{cells}\\pard\\intbl " + "".join(f"{_rtf_text(cell)}\\cell " for cell in row) + "\\row\n"
    head = r"\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0\fcharset204 Times;}}\f0 "
    return f"{{{head}{body}\\pard\\par}}".encode("ascii")


def _rtf_text(text: str) -> str:
    pieces = []
    for letter in text:
        if letter == "\n":
            pieces.append("\\line ")
        elif letter.isascii():
            pieces.append(letter if letter not in "\\{}" else f"\\{letter}")
        else:
            try:
                pieces.append("".join(f"\\'{byte:02x}" for byte in letter.encode("cp1251")))
            except UnicodeEncodeError:
                pieces.append(f"\\u{ord(letter)}?")
    return "".join(pieces)


_SECTOR = 512
_END, _FAT = 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of these streams, each padded to 4096 bytes so that no small sectors are needed."""
    sectors: list[bytes] = []
    chains: list[int] = []
    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    for number, (name, content) in enumerate(streams.items(), 1):
        content = content.ljust(4096, b"\0")
        start = len(sectors)
        count = -(-len(content) // _SECTOR)
        sectors += [content[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(content), _SECTOR)]
        chains += [*range(start + 1, start + count), _END]
        right = number + 1 if number < len(streams) else 0xFFFFFFFF
        entries.append(_entry(name, 2, start, len(content), right=right))
    directory = b"".join(entries).ljust(-(-len(entries) // 4) * _SECTOR, b"\0")
    first_directory = len(sectors)
    blocks = [directory[at : at + _SECTOR] for at in range(0, len(directory), _SECTOR)]
    sectors += blocks
    chains += [*range(first_directory + 1, first_directory + len(blocks)), _END]
    tables = -(-(len(chains) + 8) // 128)
    table_at = len(sectors)
    chains += [_FAT] * tables
    table = struct.pack(f"<{len(chains)}I", *chains).ljust(tables * _SECTOR, b"\xff")
    sectors += [table[at : at + _SECTOR] for at in range(0, len(table), _SECTOR)]
    places = [*range(table_at, table_at + tables)]
    head = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, 0, tables, first_directory, 0,
        4096, _END, 0, _END, 0,
    )  # fmt: skip
    head += struct.pack("<109I", *places, *[0xFFFFFFFF] * (109 - len(places)))
    return head + b"".join(sectors)


def _entry(
    name: str, kind: int, start: int, size: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF
) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        raw,
        len(raw),
        kind,
        1,
        0xFFFFFFFF,
        right,
        child,
        bytes(16),
        0,
        0,
        0,
        start & 0xFFFFFFFF,
        size,
    )


def xls(rows: Sequence[Row], merged: Sequence[tuple[int, int, int, int]] = ()) -> bytes:
    """A sheet in BIFF8: texts as labels, merged ranges as (first row, last row, first column, last column)."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    begin = struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 6)
    labels = b"".join(
        record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))
        for row, values in enumerate(rows)
        for column, text in enumerate(values)
        if text
    )
    ranges = b"".join(struct.pack("<HHHH", *each) for each in merged)
    merges = record(0x00E5, struct.pack("<H", len(merged)) + ranges) if merged else b""
    sheet = record(0x0809, begin[:2] + b"\x10\0" + begin[4:]) + labels + merges + record(0x000A, b"")
    name = "Аркуш1".encode("utf-16-le")
    held = record(0x0042, struct.pack("<H", 1200))

    def book(offset: int) -> bytes:
        bound = struct.pack("<IBBBB", offset, 0, 0, len(name) // 2, 1) + name
        return record(0x0809, begin) + held + record(0x0085, bound) + record(0x000A, b"")

    return compound({"Workbook": book(len(book(0))) + sheet})


def doc(paragraphs: Sequence[str], rows: Sequence[Row]) -> bytes:
    """A Word 97 document: paragraphs, then a table, in one piece of wide characters."""
    text, ends = "", []
    for line in paragraphs:
        text += line + "\r"
        ends.append((len(text), b""))
    for row in rows:
        for cell in row:
            text += cell.replace("\n", "\x0b") + "\x07"
            ends.append((len(text), struct.pack("<HB", 0x2416, 1)))
        text += "\x07"
        ends.append((len(text), struct.pack("<HBHB", 0x2416, 1, 0x2417, 1)))
    text += "\r"
    ends.append((len(text), b""))
    at = 2048
    body = text.encode("utf-16-le")
    page_at = -(-(at + len(body)) // _SECTOR)
    pages: list[bytes] = []
    first = 0
    while first < len(ends):  # as many paragraphs in a page as its 512 bytes hold
        some = ends[first : first + 12]
        bounds = [at + 2 * (ends[first - 1][0] if first else 0), *(at + 2 * end for end, _ in some)]
        runs, properties, place = b"", b"", 510
        for _, said in some:
            content = struct.pack("<H", 0) + said
            content = content if len(content) % 2 else content + b"\0"
            content = bytes([(len(content) + 1) // 2]) + content
            place -= len(content)
            place -= place % 2
            runs += bytes([place // 2]) + bytes(12)
            properties = (content + bytes(512))[
                : 510 - place if not properties else _gap(place, properties)
            ] + properties
        head = struct.pack(f"<{len(bounds)}I", *bounds) + runs
        pages.append(
            (head.ljust(511 - len(properties) - 1, b"\0") + properties).ljust(511, b"\0") + bytes([len(some)])
        )
        first += 12
    bounds = [at, *(at + 2 * ends[min(start + 12, len(ends)) - 1][0] for start in range(0, len(ends), 12))]
    bins = struct.pack(f"<{len(bounds)}I", *bounds) + b"".join(
        struct.pack("<I", page_at + number) for number in range(len(pages))
    )
    pieces = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, at, 0)
    clx = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    fib = bytearray(1472)
    struct.pack_into("<HHHHHH", fib, 0, 0xA5EC, 0x00C1, 0, 0x0419, 0, 0x0200)
    struct.pack_into("<H", fib, 32, 14)
    struct.pack_into("<H", fib, 62, 22)
    struct.pack_into("<I", fib, 64 + 12, len(text))
    struct.pack_into("<H", fib, 152, 93)
    struct.pack_into("<II", fib, 154 + 8 * 13, 0, len(bins))
    struct.pack_into("<II", fib, 154 + 8 * 33, len(bins), len(clx))
    main = bytes(fib).ljust(at, b"\0") + body
    main = main.ljust(page_at * _SECTOR, b"\0") + b"".join(pages)
    return compound({"WordDocument": main, "1Table": bins + clx})


def _gap(place: int, properties: bytes) -> int:
    return 510 - place - len(properties)
