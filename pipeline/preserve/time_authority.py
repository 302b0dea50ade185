"""Time-stamping authorities: which the settings name, and one question to one of them over HTTP.

In: `Settings`, a query (DER). Out: `TimeAuthority`, the answer as received. Raises `AuthorityUnavailableError`;
what an answer is worth is not judged here. Source: RFC 3161 section 3.4.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import certifi
import httpx

from pipeline.config.settings import Settings

ANSWER_S: Final = httpx.Timeout(20.0, connect=5.0)
"""A person may wait for the end of a request; what is not had now is had within minutes."""
WHOLE_ANSWER_S: Final = 60.0
LARGEST_ANSWER_BYTES: Final = 1 << 20
"""Tokens with their chains have 1.5 to 7 KB."""
QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"


class AuthorityUnavailableError(Exception):
    """An authority gave no answer that could be a token; ask it again later."""


@dataclass(frozen=True, slots=True)
class TimeAuthority:
    """Where to ask, and the file of the roots it is held to; None: any public root will do."""

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
    """Send the query and return the answer's bytes."""
    headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE, "User-Agent": user_agent}
    answer, deadline = b"", time.monotonic() + WHOLE_ANSWER_S
    try:
        with (
            httpx.Client(timeout=ANSWER_S, headers=headers) as client,
            client.stream("POST", authority.url, content=query) as response,
        ):
            found = response.headers.get("Content-Type", "none").partition(";")[0].strip()
            if response.status_code != httpx.codes.OK or found != REPLY_TYPE:
                raise AuthorityUnavailableError(
                    f"{authority.url}: expected 200 with {REPLY_TYPE}, found {response.status_code} with {found}"
                )
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > LARGEST_ANSWER_BYTES:
                    raise AuthorityUnavailableError(
                        f"{authority.url}: expected at most {LARGEST_ANSWER_BYTES} bytes, found more"
                    )
                if time.monotonic() > deadline:
                    raise AuthorityUnavailableError(
                        f"{authority.url}: expected an answer in {WHOLE_ANSWER_S:.0f} s"
                    )
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise AuthorityUnavailableError(
            f"{authority.url}: no answer ({type(problem).__name__}: {problem})"
        ) from problem
    return answer
