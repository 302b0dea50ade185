"""Signed addresses of Telegram's media hosts: another address at every page load, the same bytes behind it.

An address carries the name of its medium, masked with a nonce, so that no state is needed to answer it. Lengths
and shapes are those of the real ones (342 base64url characters; ten hex digits and a token for videos).
"""

import hashlib
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from samples.media.files import media_file
from samples.messages import Request, Response, content, not_found

MEDIA_HOST = "cdn4.telesco.pe"
MEDIA_HOSTS = ("cdn1.telesco.pe", "cdn4.telesco.pe", "cdn5.telesco.pe")
TOKEN_BYTES = 256
NONCE_BYTES = 16


def masked(text: bytes, nonce: bytes) -> bytes:
    """The text under a mask drawn from the nonce; masking twice gives it back."""
    mask = hashlib.shake_256(nonce).digest(len(text))
    return bytes(a ^ b for a, b in zip(text, mask, strict=True))


def token(name: str) -> str:
    """A new token for the medium of that name."""
    nonce = os.urandom(NONCE_BYTES)
    text = name.encode().ljust(TOKEN_BYTES - NONCE_BYTES, b"\0")
    return urlsafe_b64encode(nonce + masked(text, nonce)).decode().rstrip("=")


def name_in(signed: str) -> str:
    """The medium's name in a token; raises ``ValueError`` for a token that was never given out."""
    raw = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    if len(raw) != TOKEN_BYTES:
        raise ValueError("not a token of the samples")
    return masked(raw[NONCE_BYTES:], raw[:NONCE_BYTES]).rstrip(b"\0").decode()


def photo_url(name: str) -> str:
    """An address for a picture."""
    return f"https://{MEDIA_HOST}/file/{token(name)}.jpg"


def thumb_url(name: str) -> str:
    """An address for the thumbnail of a video or a quoted post: without an ending."""
    return f"https://{MEDIA_HOST}/file/{token(name)}"


def stream_url(name: str, suffix: str) -> str:
    """An address for a video, voice message or sticker: a lasting name and a token that is not."""
    lasting = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"https://{MEDIA_HOST}/file/{lasting}{suffix}?token={token(name)}"


def answer(request: Request) -> Response:
    """The bytes behind a signed address; 404 for any other."""
    folder, _, last = request.path.rpartition("/")
    signed = request.query.get("token") or last.removesuffix(".jpg")
    if folder != "/file":
        return not_found(request)
    try:
        file = media_file(name_in(signed))
    except (ValueError, KeyError):
        return not_found(request)
    return content(file.content, file.media_type, (("Cache-Control", "public, max-age=2678400"),))
