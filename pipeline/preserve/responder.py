"""One request to an address that a certificate names: judged like those of a crawl, small, no redirects.

In: `Settings`, an address that a stranger's certificate has in it. Out: the body. Raises
`ResponderUnavailableError`. The name is resolved here, every address is judged by the address policy of the
settings, and the very address that was judged is connected to; ``LETAPIS_CONNECT_TO`` holds as for crawls.
"""

import socket
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpx

from crawlers.address_policy import AddressPolicy, AddressRefused
from crawlers.recorder.egress import ConnectTo
from pipeline.config.settings import Settings

RESPONSE_S: Final = httpx.Timeout(20.0, connect=5.0)
WHOLE_RESPONSE_S: Final = 60.0
LARGEST_RESPONSE_BYTES: Final = 10 << 20
"""Revocation lists of large issuers have some MB."""


class ResponderUnavailableError(Exception):
    """The address gave nothing that could be an answer, or may not be asked; ask again later."""


def ask_responder(settings: Settings, url: str, question: bytes | None) -> bytes:
    """GET the address, or POST an OCSP question to it."""
    try:
        parts = urlsplit(url)
        host, secure, named_port = parts.hostname, parts.scheme == "https", parts.port
    except ValueError as problem:
        raise ResponderUnavailableError(f"{url}: expected a web address, found none ({problem})") from problem
    if host is None or parts.username is not None:
        raise ResponderUnavailableError(f"{url}: expected a web address with a host, found none")
    to_host, port = ConnectTo(settings.connect_to).destination(host, named_port or (443 if secure else 80))
    address = _judged(AddressPolicy(settings.allow_addresses), to_host, port, url)
    place = f"[{address}]" if ":" in address else address
    target = f"{parts.scheme}://{place}:{port}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Host": parts.netloc, "User-Agent": settings.user_agent}
    if question is not None:
        headers |= {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
    body, deadline = b"", time.monotonic() + WHOLE_RESPONSE_S
    try:
        with (
            httpx.Client(timeout=RESPONSE_S, trust_env=False) as client,
            client.stream(
                "GET" if question is None else "POST",
                target,
                headers=headers,
                content=question,
                extensions={"sni_hostname": host} if secure else {},
            ) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise ResponderUnavailableError(f"{url}: expected status 200, found {response.status_code}")
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LARGEST_RESPONSE_BYTES or time.monotonic() > deadline:
                    raise ResponderUnavailableError(
                        f"{url}: expected at most {LARGEST_RESPONSE_BYTES} bytes in {WHOLE_RESPONSE_S:.0f} s, "
                        "found more"
                    )
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise ResponderUnavailableError(f"{url}: no answer ({type(problem).__name__}: {problem})") from problem
    return body


def _judged(policy: AddressPolicy, host: str, port: int, url: str) -> str:
    """The first address of the host, where the policy allows every one."""
    try:
        policy.check_written(host)
        found = [str(each[4][0]) for each in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)]
        for address in found:
            policy.check(address)
    except AddressRefused as refused:
        raise ResponderUnavailableError(f"{url}: {refused.reason}") from refused
    except (OSError, UnicodeError) as problem:
        raise ResponderUnavailableError(f"{url}: the name {host} does not resolve ({problem})") from problem
    return found[0]
