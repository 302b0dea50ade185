"""Holds back what could pass for the proxy's own words, on connections where an engine cannot tell them apart.

A browser that asks its proxy for ``http://`` URLs takes a 407 for the proxy's: it would forget the password and
ask no more. So an answer goes to it once its head is known, and only if it is HTTP and no 407; others are kept,
and end the connection.
"""

from processors.http.framing import MessageFramer
from processors.http.head import read_head, status_of

PROXY_AUTHENTICATION_REQUIRED = 407


class HeldResponse:
    """One connection's answers, one after the other; ``refused`` says why the one under way is not delivered."""

    def __init__(self) -> None:
        self.refused: str | None = None
        self._held = bytearray()
        self._passed: MessageFramer | None = None

    def release(self, data: bytes, response: MessageFramer) -> bytes:
        """Take the next bytes of the response; returns what may be delivered now."""
        if self._passed is response:
            return data if self.refused is None else b""
        if response.partial_head:
            self._held += data
            return b""
        held, self._held = bytes(self._held), bytearray()
        if not response.in_head:
            self._passed = response
            self.refused = _refusal(response.head)
        return held + data if self.refused is None else b""


def _refusal(head: bytes) -> str | None:
    status = status_of(read_head(head.partition(b"\n")[0]))
    if status is None:
        return "not delivered: the answer is not HTTP, and a browser could take it for its proxy's"
    if status[0] == PROXY_AUTHENTICATION_REQUIRED:
        return "not delivered: the site answered 407, which only a proxy may"
    return None
