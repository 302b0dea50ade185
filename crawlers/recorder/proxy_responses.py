"""Responses of the recorder itself, and how an engine distinguishes them from those of a site.

The recorder never speaks in a site's name: where no answer came from the site, an engine's connection is simply
closed. An engine of ours that wants to know the reason sends ``Proxy-Recorder-Target`` with the URL it is after,
and ``Proxy-Recorder-Nonce`` with a number used once, on ``CONNECT`` and on plain requests (all ``Proxy-*`` fields
end at the recorder). It gets it in a response with a proof: the HMAC of that number and of the whole answer, by a
key that never goes over a wire. A site that sees one proof has none for the next request. Other engines get their
reason from the recorder's notes.

A browser is greeted: it asks for ``greeting_url``, which nobody can know who does not know that key, is asked for
the password, gives it unasked from then on, and gets a proof of its own kind.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from http import HTTPStatus

from processors.http.head import Fields, head_value
from processors.pages.outcome import Outcome

TARGET_FIELD = "Proxy-Recorder-Target"
NONCE_FIELD = "Proxy-Recorder-Nonce"
PROOF_FIELD = "Recorder-Proof"
OUTCOME_FIELD = "Recorder-Outcome"

TUNNEL_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
STATUS_OF_OUTCOME = {Outcome.REFUSED_BY_POLICY: HTTPStatus.FORBIDDEN, Outcome.UNREACHABLE: HTTPStatus.BAD_GATEWAY}


@dataclass(frozen=True, slots=True)
class ProxyResponse:
    """Why the recorder gives no answer of the site: ``outcome`` is None where a limit of the crawl was reached."""

    outcome: Outcome | None
    reason: str


def own_answer(answer: ProxyResponse, proof_key: str, nonce: str) -> bytes:
    """The response that gives an engine of ours the reason; the connection ends after it."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if answer.outcome is None else STATUS_OF_OUTCOME[answer.outcome]
    outcome = "" if answer.outcome is None else f"{OUTCOME_FIELD}: {answer.outcome.value}\r\n"
    proof = _proof(proof_key, nonce, answer)
    return _response(status, f"{PROOF_FIELD}: {proof}\r\n{outcome}", answer.reason)


def greeting_host(proof_key: str) -> str:
    """A host that is not (RFC 2606), whose name pages cannot guess: they would learn that they are recorded."""
    return f"{_hmac(proof_key, 'greeting host')[:40]}.invalid"


def greeting_url(proof_key: str) -> str:
    """What a browser asks for to be greeted."""
    return f"http://{greeting_host(proof_key)}/"


def auth_probe_response(proof_key: str) -> bytes:
    """The response to it; it is no exchange with any site, so nothing is kept of it."""
    return _response(HTTPStatus.OK, f"{PROOF_FIELD}: {_hmac(proof_key, 'greeting')}\r\n", "This browser is known.")


def is_greeting(proof: str | None, proof_key: str) -> bool:
    """Whether the proof in a greeting is the recorder's."""
    return proof is not None and hmac.compare_digest(proof.encode(), _hmac(proof_key, "greeting").encode())


def proxy_auth_required() -> bytes:
    """The challenge to an engine that did not say the password; browsers need it to do so."""
    challenge = 'Proxy-Authenticate: Basic realm="recorder", charset="UTF-8"\r\n'
    return _response(
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, challenge, "This recorder serves its own crawl alone."
    )


def bad_request(reason: str) -> bytes:
    """To an engine whose request is none."""
    return _response(HTTPStatus.BAD_REQUEST, "", reason)


def read_own_answer(fields: Fields, content: bytes, proof_key: str, nonce: str) -> ProxyResponse | None:
    """What the recorder said in answer to the request with this nonce; None where the response is the site's."""
    proof = head_value(fields, PROOF_FIELD)
    if proof is None:
        return None
    outcome = head_value(fields, OUTCOME_FIELD)
    try:
        answer = ProxyResponse(None if outcome is None else Outcome(outcome), content.decode())
    except ValueError:
        return None
    return answer if hmac.compare_digest(proof.encode(), _proof(proof_key, nonce, answer).encode()) else None


def _proof(proof_key: str, nonce: str, answer: ProxyResponse) -> str:
    return _hmac(
        proof_key, "own answer", nonce, "" if answer.outcome is None else answer.outcome.value, answer.reason
    )


def _hmac(proof_key: str, *parts: str) -> str:
    return hmac.new(proof_key.encode(), json.dumps(parts).encode(), hashlib.sha256).hexdigest()


def _response(status: HTTPStatus, fields: str, text: str) -> bytes:
    content = text.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n{fields}"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
