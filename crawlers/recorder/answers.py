"""What the recorder says in its own name, and how an engine tells it from what a site says.

The recorder never speaks in a site's name: where no answer came from the site, an engine's connection is simply
closed. An engine of ours that wants to hear the reason sends ``Proxy-Recorder-Target`` with the URL it is after,
on ``CONNECT`` and on plain requests (all ``Proxy-*`` fields end at the recorder). It is then told, in a response
that carries the crawl's password as proof, which no site knows. Other engines get their reason from the
recorder's notes.

A browser is greeted: it asks for ``greeting_url``, which nobody can know who does not know the password, is asked
for the password, and says it unasked from then on.
"""

import hashlib
import hmac
from dataclasses import dataclass
from http import HTTPStatus

from processors.http_head import Fields, head_value
from processors.pages.outcome import Outcome

TARGET_FIELD = "Proxy-Recorder-Target"
PROOF_FIELD = "Recorder-Proof"
OUTCOME_FIELD = "Recorder-Outcome"

TUNNEL_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
STATUS_OF_OUTCOME = {Outcome.REFUSED_BY_POLICY: HTTPStatus.FORBIDDEN, Outcome.UNREACHABLE: HTTPStatus.BAD_GATEWAY}


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """Why the recorder gives no answer of the site: ``outcome`` is None where a limit of the crawl was reached."""

    outcome: Outcome | None
    reason: str


def own_answer(answer: OwnAnswer, password: str) -> bytes:
    """The response that tells an engine of ours; the connection ends after it."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if answer.outcome is None else STATUS_OF_OUTCOME[answer.outcome]
    outcome = "" if answer.outcome is None else f"{OUTCOME_FIELD}: {answer.outcome.value}\r\n"
    return _response(status, f"{PROOF_FIELD}: {password}\r\n{outcome}", answer.reason)


def greeting_host(password: str) -> str:
    """A host that is not (RFC 2606), whose name pages cannot guess: they would learn that they are recorded."""
    return f"{hashlib.sha256(f'greeting {password}'.encode()).hexdigest()[:40]}.invalid"


def greeting_url(password: str) -> str:
    """What a browser asks for to be greeted."""
    return f"http://{greeting_host(password)}/"


def greeting() -> bytes:
    """What it is then told; no exchange with any site, so that nothing is kept of it."""
    return _response(HTTPStatus.OK, "", "This browser is known.")


def who_are_you() -> bytes:
    """The challenge to an engine that did not say the password; browsers need it to do so."""
    challenge = 'Proxy-Authenticate: Basic realm="recorder", charset="UTF-8"\r\n'
    return _response(
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, challenge, "This recorder serves its own crawl alone."
    )


def not_understood(reason: str) -> bytes:
    """To an engine whose request is none."""
    return _response(HTTPStatus.BAD_REQUEST, "", reason)


def read_own_answer(fields: Fields, content: bytes, password: str) -> OwnAnswer | None:
    """What the recorder said; None where the response is the site's."""
    proof = head_value(fields, PROOF_FIELD)
    if proof is None or not hmac.compare_digest(proof.encode(), password.encode()):
        return None
    outcome = head_value(fields, OUTCOME_FIELD)
    return OwnAnswer(None if outcome is None else Outcome(outcome), content.decode("utf-8", "replace"))


def _response(status: HTTPStatus, fields: str, text: str) -> bytes:
    content = text.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n{fields}"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
