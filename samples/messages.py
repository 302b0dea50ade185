"""The requests a sample site sees and the answers it gives.

A site is a function from ``Request`` to ``Answer``; it knows neither sockets nor the wall clock beyond ``day``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``target`` is path and query as sent; ``day`` is the sample clock's day."""

    scheme: str
    method: str
    host: str
    target: str
    headers: Headers
    day: int = 1

    @property
    def path(self) -> str:
        """The path with percent-encoding removed, without the query."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters; of a repeated one the last counts."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def url(self) -> str:
        """The whole address asked for."""
        return f"{self.scheme}://{self.host}{self.target}"

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Response:
    """An ordinary HTTP answer. ``compress`` allows gzip where the client takes it."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = "text/html; charset=utf-8"
    headers: Headers = ()
    reason: str | None = None
    compress: bool = False
    chunked: bool = False

    @property
    def status_line(self) -> str:
        """The status line without its end of line."""
        reason = self.reason if self.reason is not None else HTTPStatus(self.status).phrase
        return f"HTTP/1.1 {self.status} {reason}"

    def with_headers(self, *headers: tuple[str, str]) -> "Response":
        """The same answer with these headers behind its own."""
        return replace(self, headers=(*self.headers, *headers))


@dataclass(frozen=True, slots=True)
class WireScript:
    """An answer that HTTP messages cannot express: it writes to the connection itself, which then ends."""

    play: Callable[[asyncio.StreamWriter], Awaitable[None]]


Answer = Response | WireScript
Site = Callable[[Request], Answer]


def html(text: str, status: int = 200, encoding: str = "utf-8", headers: Headers = ()) -> Response:
    """An HTML page in the given character encoding."""
    return Response(
        status=status,
        body=text.encode(encoding),
        content_type=f"text/html; charset={encoding}",
        headers=headers,
        compress=True,
    )


def xml(text: str, content_type: str = "application/xml; charset=utf-8") -> Response:
    """An XML document in UTF-8."""
    return Response(body=text.encode(), content_type=content_type, compress=True)


def json_response(value: object) -> Response:
    """A JSON document."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(body=body, content_type="application/json; charset=utf-8", compress=True)


def content(body: bytes, content_type: str, headers: Headers = ()) -> Response:
    """Bytes served as they are: pictures, videos, documents, scripts."""
    return Response(body=body, content_type=content_type, headers=(("Accept-Ranges", "bytes"), *headers))


def redirect(location: str, status: int = 302) -> Response:
    """A redirect, with the short body servers send along."""
    body = f'<html><head><title>{status}</title></head><body><a href="{location}">{location}</a></body></html>'
    return Response(
        status=status,
        body=body.encode(),
        headers=(("Location", location),),
    )


def not_found(request: Request) -> Response:
    """404 with nginx's own page."""
    return html(
        "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n"
        "<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        status=404,
    )


def file_response(path: Path, content_type: str) -> Response:
    """A file's bytes, unchanged, under the content type its site gave it."""
    return Response(body=path.read_bytes(), content_type=content_type)
