"""Time-stamping authorities: which the settings name, and one request to one of them over HTTP.

In: `Settings`, a query (DER). Out: `TimeAuthority`, the response body as received. Raises
`AuthorityUnavailableError`; the token in the response is not verified here. Source: RFC 3161 section 3.4.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import certifi
import httpx

from pipeline.config.settings import Settings

RESPONSE_S: Final = httpx.Timeout(20.0, connect=5.0)
"""A person may wait for the end of a request; a token that is not obtained now is requested again in minutes."""
WHOLE_RESPONSE_S: Final = 60.0
LARGEST_RESPONSE_BYTES: Final = 1 << 20
"""Tokens with their chains have 1.5 to 7 KB."""
QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"


class AuthorityUnavailableError(Exception):
    """An authority gave no response that could be a token; send the request again later."""


@dataclass(frozen=True, slots=True)
class TimeAuthority:
    """Its URL, and the file of the root certificates that it must lead to; None: any public root is accepted."""

    url: str
    pinned: Path | None

    def roots(self) -> bytes:
        """The certificates (PEM) that a token must lead to."""
        return (self.pinned or Path(certifi.where())).read_bytes()


def time_authorities(settings: Settings) -> tuple[TimeAuthority, ...]:
    """The authorities of the settings, in their order."""
    parts = (one.partition("|") for one in settings.time_authorities)
    return tuple(TimeAuthority(url, Path(file) if file else None) for url, _, file in parts)


def pinned_roots(settings: Settings) -> dict[str, bytes]:
    """The roots (PEM) of those authorities that have a file of their own, by URL."""
    return {each.url: each.roots() for each in time_authorities(settings) if each.pinned is not None}


def request_token(authority: TimeAuthority, query: bytes, *, user_agent: str) -> bytes:
    """Send the query and return the body of the response; raises `AuthorityUnavailableError`."""
    headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE, "User-Agent": user_agent}
    body, deadline = b"", time.monotonic() + WHOLE_RESPONSE_S
    try:
        with (
            httpx.Client(timeout=RESPONSE_S, headers=headers) as client,
            client.stream("POST", authority.url, content=query) as response,
        ):
            found = response.headers.get("Content-Type", "none").partition(";")[0].strip()
            if response.status_code != httpx.codes.OK or found != REPLY_TYPE:
                raise AuthorityUnavailableError(
                    f"{authority.url}: expected 200 with {REPLY_TYPE}, found {response.status_code} with {found}"
                )
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LARGEST_RESPONSE_BYTES:
                    raise AuthorityUnavailableError(
                        f"{authority.url}: expected at most {LARGEST_RESPONSE_BYTES} bytes, found more"
                    )
                if time.monotonic() > deadline:
                    raise AuthorityUnavailableError(
                        f"{authority.url}: expected an answer in {WHOLE_RESPONSE_S:.0f} s"
                    )
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise AuthorityUnavailableError(
            f"{authority.url}: no answer ({type(problem).__name__}: {problem})"
        ) from problem
    return body
