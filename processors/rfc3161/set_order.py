"""Puts the certificates of a time-stamp response in the order that DER asks of a set.

In: a response as received. Out: the same bytes, or the same with its certificates sorted; what cannot be walked
comes back as it is. Why: OpenSSL's authorities write them in the order of their configuration, and our strict
reader takes no such set. No signature covers that order, nothing else moves, and only the reader sees it: what is
stored is what was received. Source: X.690 section 11.6.
"""

from processors.rfc3161.cms import signed_data
from processors.rfc3161.der import CONTEXT_0, children


def in_der_order(answer: bytes) -> bytes:
    """Sort the certificates, if there are several and they are not."""
    try:
        certificates = signed_data(answer)[3]
    except (IndexError, ValueError):
        return answer
    if certificates.tag != CONTEXT_0:
        return answer
    each = [answer[one.start : one.end] for one in children(answer, certificates)]
    return answer[: certificates.inside] + b"".join(sorted(each)) + answer[certificates.end :]
