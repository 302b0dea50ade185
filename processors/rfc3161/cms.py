"""Walks the CMS structure of a time-stamp response, where our reader of tokens does not reach.

In: a response as received. Out: the elements of its signed data, the values of its signer's signed attributes, or
the response with its certificates in the order that DER asks of a set. Raises ``ValueError`` and ``IndexError``
where it is not made so. Sources: RFC 3161 section 2.4.2; RFC 5652 sections 5.1, 5.3 and 11; X.690 section 11.6.
"""

from typing import Final

from processors.rfc3161.der import (
    CONTEXT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    SET,
    Element,
    children,
    element_at,
    encoded,
    inside,
    only,
)

SIGNED_DATA: Final = (SEQUENCE, SEQUENCE, CONTEXT_0, SEQUENCE)
GRANTED: Final = encoded(SEQUENCE, encoded(INTEGER, b"\x00"))
"""PKIStatusInfo of a token that was given."""


def content_info(answer: bytes) -> bytes:
    """The token alone, without the status around it: a ContentInfo (RFC 5652 section 3)."""
    token = children(answer, element_at(answer, 0, len(answer)))[1]
    return answer[token.start : token.end]


def as_response(token: bytes) -> bytes:
    """A token alone as the response in which it would have come."""
    return encoded(SEQUENCE, GRANTED, token)


def signed_data(answer: bytes) -> list[Element]:
    """Response: status, token; token: type, [0] signed data: version, algorithms, content, [0] certificates ..."""
    response = element_at(answer, 0, len(answer))
    token = children(answer, response)[1]
    wrapped = children(answer, token)[1]
    signed = children(answer, wrapped)[0]
    if tuple(each.tag for each in (response, token, wrapped, signed)) != SIGNED_DATA:
        raise ValueError("no signed data in it")
    return children(answer, signed)


def signed_attributes(answer: bytes) -> list[tuple[bytes, Element]]:
    """What the signer signed besides the content: identifier (DER content) and value of each attribute.

    The signers are the last part of the signed data, and of an authority's token there is one.
    """
    signers = signed_data(answer)[-1]
    if signers.tag != SET:
        raise ValueError("no signer in it")
    signer = children(answer, only(answer, signers, SEQUENCE))
    if signer[3].tag != CONTEXT_0:
        raise ValueError("a signer without signed attributes")
    found: list[tuple[bytes, Element]] = []
    for attribute in children(answer, signer[3]):
        name, values = children(answer, attribute)
        if (name.tag, values.tag) != (OBJECT_IDENTIFIER, SET):
            raise ValueError(f"an attribute at {attribute.start} that is none")
        found.extend((inside(answer, name), value) for value in children(answer, values))
    return found


def in_der_order(answer: bytes) -> bytes:
    """Sort the certificates, if there are several and they are not; what cannot be walked comes back as it is.

    OpenSSL's authorities write them in the order of their configuration, and our strict reader takes no such set.
    No signature covers that order, and only the reader sees it: what is stored is what was received.
    """
    try:
        certificates = signed_data(answer)[3]
    except (IndexError, ValueError):
        return answer
    if certificates.tag != CONTEXT_0:
        return answer
    each = [answer[one.start : one.end] for one in children(answer, certificates)]
    return answer[: certificates.inside] + b"".join(sorted(each)) + answer[certificates.end :]
