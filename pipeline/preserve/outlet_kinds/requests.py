"""One HTTP request to an outlet, with limits of time and size; every fault in words.

In: the outlet's name, method, address, body. Out: the response, its body read to the end. Raises `OutletError`.
Outlets are asked directly, by no egress profile of a source.
"""

from collections.abc import Mapping
from typing import Final

import httpx

from storage.log.outlets import OutletError

ANSWER_S: Final = httpx.Timeout(20.0, connect=5.0)
LARGEST_ANSWER_BYTES: Final = 1 << 20
USER_AGENT: Final = "letapis"


def ask(
    outlet: str,
    doing: str,
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send the request; whatever status the response has, it is returned."""
    try:
        with httpx.Client(timeout=ANSWER_S, headers={"User-Agent": USER_AGENT}) as client:
            request = client.build_request(method, url, content=content, headers=dict(headers or {}))
            response = client.send(request, stream=True)
            body = b""
            try:
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER_BYTES:
                        raise OutletError(outlet, doing, f"at most {LARGEST_ANSWER_BYTES} bytes", "more")
            finally:
                response.close()
            return httpx.Response(response.status_code, headers=_plain(response.headers), content=body)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        found = f"none ({type(problem).__name__}: {problem})"
        raise OutletError(outlet, doing, f"an answer of {url}", found) from problem


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Without what described the bytes on the wire: the body was decoded since."""
    gone = ("content-encoding", "content-length", "transfer-encoding")
    return {name: value for name, value in headers.items() if name not in gone}


def require_ok(outlet: str, doing: str, response: httpx.Response) -> None:
    """Raises `OutletError` unless the status is one of success."""
    if not response.is_success:
        said = response.text.strip()[:300]
        raise OutletError(outlet, doing, "a status of success", f"{response.status_code}: {said}")
