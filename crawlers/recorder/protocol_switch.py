"""Whether an answer ``101 Switching Protocols`` agrees to what its request asked for.

After a switch bytes pass unread between site and engine. So one counts only where this very request asked for it,
and for WebSocket, the one protocol that engines of ours ask for; the site has to repeat what was asked, with the
proof that it read the request. Sources: RFC 9110, section 7.8; RFC 6455, sections 4.1 and 4.2.2.
"""

import base64
import hashlib
import hmac

from processors.http.head import Fields, head_values, read_head

SWITCHING = 101
WEBSOCKET = "websocket"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""


def switch_refused(
    request_head: bytes, response_head: bytes, *, request_done: bool, tunnelled: bool
) -> str | None:
    """Why the protocol is not switched, as a sentence; None where request and answer agree on WebSocket."""
    request, response = read_head(request_head), read_head(response_head)
    if not request.start_line.endswith("HTTP/1.1") or not _upgrades(request.fields):
        return "not switched: the site answered 101, and this request had asked for no other protocol"
    if WEBSOCKET not in _tokens(request.fields, "upgrade"):
        return "not switched: this request asked for another protocol than websocket, and no other is passed on"
    if not tunnelled:
        return "not switched: another protocol is passed on in a tunnel alone"
    if not request_done:
        return "not switched: the site answered 101 before it had the whole request"
    if not response.start_line.upper().startswith("HTTP/1.1 ") or not _upgrades(response.fields):
        return "not switched: the site's 101 does not say that it switches (Connection: Upgrade, HTTP/1.1)"
    if _tokens(response.fields, "upgrade") != [WEBSOCKET]:
        return "not switched: the site's 101 names another protocol than the request asked for"
    keys = head_values(request.fields, "sec-websocket-key")
    if keys and not _accepted(keys, head_values(response.fields, "sec-websocket-accept")):
        return "not switched: the site's 101 does not answer the key of this request (Sec-WebSocket-Accept)"
    return None


def _upgrades(fields: Fields) -> bool:
    return "upgrade" in _tokens(fields, "connection") and bool(head_values(fields, "upgrade"))


def _tokens(fields: Fields, name: str) -> list[str]:
    return [word.strip().lower() for value in head_values(fields, name) for word in value.split(",")]


def _accepted(keys: list[str], accepted: list[str]) -> bool:
    proof = base64.b64encode(hashlib.sha1(keys[0].encode("latin-1") + GUID, usedforsecurity=False).digest())
    return len(keys) == len(accepted) == 1 and hmac.compare_digest(accepted[0].encode("latin-1"), proof)
