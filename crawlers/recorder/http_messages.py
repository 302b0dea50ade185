"""How HTTP/1 requests and responses end, and what the recorder changes in a request's head.

Bytes are relayed as they are. The one change: a plain ``http://`` request gets origin-form and loses its
``Proxy-*`` fields, as the site must not see the proxy. Source: RFC 9112, sections 3.2 and 6.3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from processors.http.body import Body, ChunkedBody, NoBody, OpenBody, SizedBody
from processors.http.framing import NotAMessage
from processors.http.head import Fields, Head, head_value, head_values, is_chunked, read_head, status_of

REQUEST_LINE = re.compile(rb"([^\s]+) ([^\r\n]+?) (HTTP/\d\.\d)\r?\n")
ABSOLUTE_FORM = re.compile(rb"http://([^/?#]+)([^#]*)", re.IGNORECASE)
PROXY_FIELD = re.compile(rb"^proxy-[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


class NotARequest(ValueError):
    """What the engine sent is no request that a recorder can serve; the text says why."""


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request's head as an engine sent it. ``fields`` are read only for what the recorder itself needs."""

    method: str
    target: str
    head: bytes
    fields: Fields

    def for_site(self) -> bytes:
        """The head without the fields that are for the proxy."""
        return PROXY_FIELD.sub(b"", self.head) if b"proxy-" in self.head.lower() else self.head


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """Where a request goes."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The place as a URL, default ports left out, without a path."""
        default = {"http": 80, "https": 443}[self.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" if self.port == default else f"{self.scheme}://{host}:{self.port}"


def parse_request(head: bytes) -> ParsedRequest:
    """Read a request's head; raises ``NotARequest``."""
    match = REQUEST_LINE.match(head)
    if match is None:
        raise NotARequest(f"not a request line: {head[:60]!r}")
    return ParsedRequest(match[1].decode("latin-1"), match[2].decode("latin-1"), head, read_head(head).fields)


def tunnel_target(target: str) -> RequestTarget:
    """Where a ``CONNECT`` goes; the scheme is settled by the first bytes in the tunnel. Raises ``NotARequest``."""
    host, port = _host_and_port(target)
    if port is None:
        raise NotARequest(f"CONNECT needs host:port, found {target!r}")
    return RequestTarget("https", host, port)


def plain_target(request: ParsedRequest) -> tuple[RequestTarget, ParsedRequest]:
    """Where an absolute-form request goes, and the request as the site is to get it; raises ``NotARequest``."""
    match = ABSOLUTE_FORM.match(request.target.encode("latin-1"))
    if match is None:
        raise NotARequest(f"a recorder is asked with http:// URLs or CONNECT, found {request.target[:60]!r}")
    host, port = _host_and_port(match[1].decode("latin-1").rpartition("@")[2])
    path = match[2] if match[2].startswith(b"/") else b"/" + match[2]
    line = REQUEST_LINE.match(request.head)
    assert line is not None
    head = request.head[: line.start(2)] + path + request.head[line.end(2) :]
    return RequestTarget("http", host, 80 if port is None else port), ParsedRequest(
        request.method, path.decode("latin-1"), head, request.fields
    )


def request_url(target: RequestTarget, request: ParsedRequest) -> str:
    """The URL of a request in origin-form, or whatever URL its target is."""
    if request.target.startswith("/"):
        return target.url + request.target
    return request.target if "://" in request.target else f"{target.url}/"


def target_from_header(request: ParsedRequest) -> str | None:
    """The URL an engine of ours says it is after."""
    return head_value(request.fields, "proxy-recorder-target")


def nonce_of(request: ParsedRequest) -> str:
    """The number used once that an engine of ours wants a proof for; empty where it wants none."""
    return head_value(request.fields, "proxy-recorder-nonce") or ""


def request_body(head: bytes) -> Body:
    """How a request's body ends; without a length there is none."""
    fields = read_head(head).fields
    if is_chunked(fields):
        return ChunkedBody()
    length = _length(fields)
    return SizedBody(length) if length else NoBody()


def response_body(method: str) -> Callable[[bytes], Body | None]:
    """How the body of a response to ``method`` ends, to be asked with its head."""

    def body_of(head: bytes) -> Body | None:
        read = read_head(head)
        status = status_of(read)
        if status is None:
            raise NotAMessage(f"not a status line: {read.start_line[:60]!r}")
        code = status[0]
        if 100 <= code < 200 and code != 101:
            return None
        if method == "HEAD" or code in (101, 204, 304):
            return NoBody()
        if is_chunked(read.fields):
            return ChunkedBody()
        if head_value(read.fields, "transfer-encoding") not in (None, "identity"):
            return OpenBody()
        try:
            length = _length(read.fields)
        except ValueError as error:
            return OpenBody(str(error))
        return OpenBody() if length is None else SizedBody(length)

    return body_of


def media_type_of(head: Head) -> str | None:
    """The media type a head declares, without parameters, in small letters."""
    declared = head_value(head.fields, "content-type")
    return declared.partition(";")[0].strip().lower() or None if declared else None


def coding_of(head: Head) -> str | None:
    """The content-encoding a head declares, in small letters."""
    declared = head_values(head.fields, "content-encoding")
    return ", ".join(declared).lower() or None


def _length(fields: Fields) -> int | None:
    """Content-Length; raises ``ValueError`` where it is said twice with a difference, or is no number."""
    values = {value.strip() for line in head_values(fields, "content-length") for value in line.split(",")}
    if not values:
        return None
    if len(values) > 1:
        raise ValueError(f"several values of Content-Length: {', '.join(sorted(values))}")
    (only,) = values
    if not (only.isascii() and only.isdecimal()):
        raise ValueError(f"Content-Length is no number: {only[:40]!r}")
    return int(only)


def _host_and_port(authority: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:/@\s]+)(?::(\d{1,5}))?", authority)
    if match is None or (match[2] and int(match[2]) >= 1 << 16):
        raise NotARequest(f"not a host and port: {authority[:60]!r}")
    return match[1].strip("[]"), int(match[2]) if match[2] else None
