"""A client for the sample sites that keeps to the standard library, and the sites themselves."""

import gzip
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from lxml import etree

from processors.pages.page import Page
from samples.sites import SampleSites


def text_of(element: etree._Element) -> str:
    """The text of an element without markup."""
    return etree.tostring(element, method="text", encoding="unicode", with_tail=False)


SAMPLE_NOW = datetime(2026, 11, 11, 6, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Visit:
    """What one request brought back; ``body`` has its content encoding removed."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def page(self) -> Page:
        content_type = self.header("content-type")
        return Page(
            url=self.url, body=self.body, captured_at=SAMPLE_NOW, status=self.status, content_type=content_type
        )


class Visitor:
    """Asks the sample sites by their host names, as ``--connect-to`` would."""

    def __init__(self, sites: SampleSites) -> None:
        self.sites = sites
        self._context = ssl.create_default_context(cafile=str(sites.authority))

    def get(self, url: str, **headers: str) -> Visit:
        parts = urlsplit(url)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname)
        raw = socket.create_connection(("127.0.0.1", self.sites.port), timeout=20)
        secure = parts.scheme == "https"
        connection.sock = self._context.wrap_socket(raw, server_hostname=parts.hostname) if secure else raw
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(
                "GET", target, headers={name.replace("_", "-"): text for name, text in headers.items()}
            )
            response = connection.getresponse()
            body = response.read()
            if response.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            return Visit(url, response.status, tuple(response.getheaders()), body)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def running_sites() -> Iterator[SampleSites]:
    with SampleSites() as sites:
        yield sites


@pytest.fixture
def sites(running_sites: SampleSites) -> SampleSites:
    running_sites.set_day(1)
    running_sites.forget_requests()
    return running_sites


@pytest.fixture
def visitor(sites: SampleSites) -> Visitor:
    return Visitor(sites)
