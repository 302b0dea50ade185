"""Puts the certificates of a time-stamp response in the order that DER asks of a set.

In: a response as received. Out: the same bytes, or the same with its certificates sorted; what cannot be walked
comes back as it is. Why: OpenSSL's authorities write them in the order of their configuration, and our strict
reader takes no such set. No signature covers that order, nothing else moves, and only the reader sees it: what is
stored is what was received. Source: X.690 section 11.6; RFC 5652 section 5.1; RFC 3161 section 2.4.2.
"""

from dataclasses import dataclass
from typing import Final

SEQUENCE: Final = 0x30
CONTEXT_0: Final = 0xA0


@dataclass(frozen=True, slots=True)
class _Element:
    """Where one element lies: tag at ``start``, content from ``inside`` to ``end``."""

    tag: int
    start: int
    inside: int
    end: int


def in_der_order(answer: bytes) -> bytes:
    """Sort the certificates, if there are several and they are not."""
    found = _certificates(answer)
    if found is None:
        return answer
    each = [answer[one.start : one.end] for one in _children(answer, found)]
    return answer[: found.inside] + b"".join(sorted(each)) + answer[found.end :]


def _certificates(answer: bytes) -> _Element | None:
    """Response: status, token; token: type, [0] signed data: version, algorithms, content, [0] certificates."""
    try:
        response = _element(answer, 0, len(answer))
        token = _children(answer, response)[1]
        wrapped = _children(answer, token)[1]
        signed = _children(answer, wrapped)[0]
        certificates = _children(answer, signed)[3]
    except (IndexError, ValueError):
        return None
    expected = (SEQUENCE, SEQUENCE, CONTEXT_0, SEQUENCE, CONTEXT_0)
    walked = (response, token, wrapped, signed, certificates)
    return certificates if tuple(each.tag for each in walked) == expected else None


def _children(content: bytes, parent: _Element) -> list[_Element]:
    found = []
    at = parent.inside
    while at < parent.end:
        found.append(_element(content, at, parent.end))
        at = found[-1].end
    return found


def _element(content: bytes, start: int, limit: int) -> _Element:
    length, inside = content[start + 1], start + 2
    if length & 0x80:
        octets = length & 0x7F
        length, inside = int.from_bytes(content[inside : inside + octets], "big"), inside + octets
    if inside + length > limit or content[start + 1] == 0x80:
        raise ValueError(f"an element at {start} that goes beyond {limit}")
    return _Element(content[start], start, inside, inside + length)
