"""Walks and writes DER: where each element of a structure lies, and the bytes of one.

In: bytes. Out: `Element`s with their places, or bytes. Raises ``ValueError`` and ``IndexError`` where the bytes do
not hold together. Source: X.690 sections 8.1 and 10.1.
"""

from dataclasses import dataclass
from typing import Final

SEQUENCE: Final = 0x30
SET: Final = 0x31
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
CONTEXT_0: Final = 0xA0
CONTEXT_2: Final = 0xA2
INTEGER: Final = 0x02


@dataclass(frozen=True, slots=True)
class Element:
    """Where one element lies: tag at ``start``, content from ``inside`` to ``end``."""

    tag: int
    start: int
    inside: int
    end: int


def element_at(content: bytes, start: int, limit: int) -> Element:
    """The element that begins at ``start`` and ends at ``limit`` or before."""
    length, inside = content[start + 1], start + 2
    if length & 0x80:
        octets = length & 0x7F
        length, inside = int.from_bytes(content[inside : inside + octets], "big"), inside + octets
    if inside + length > limit or content[start + 1] == 0x80:
        raise ValueError(f"an element at {start} that goes beyond {limit}")
    return Element(content[start], start, inside, inside + length)


def children(content: bytes, parent: Element) -> list[Element]:
    """The elements inside one, in order."""
    found = []
    at = parent.inside
    while at < parent.end:
        found.append(element_at(content, at, parent.end))
        at = found[-1].end
    return found


def only(content: bytes, parent: Element, tag: int) -> Element:
    """The first element inside one, which has this tag."""
    first = children(content, parent)[0]
    if first.tag != tag:
        raise ValueError(f"an element at {first.start}: expected tag {tag:#x}, found {first.tag:#x}")
    return first


def inside(content: bytes, element: Element) -> bytes:
    """The content of an element."""
    return content[element.inside : element.end]


def encoded(tag: int, *contents: bytes) -> bytes:
    """One element of these contents, behind each other."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content
