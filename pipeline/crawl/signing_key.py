"""How a crawl's own process gets the key by which it signs its files: through a pipe, once.

In: 32 bytes. They stand in no file, no command line and no environment, where another process of the same account
could read them later; the environment says only which descriptor the pipe is, and what was read from it is gone.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from storage.signing import SECRET_BYTES

SIGNS_BY: Final = "LETAPIS_CRAWL_SIGNS_BY"
"""The variable that names the descriptor."""


@contextmanager
def secret_in_pipe(secret: bytes | None) -> Iterator[tuple[tuple[int, ...], Mapping[str, str]]]:
    """Descriptors to pass on, and the variables that name them; nothing of either without a secret."""
    if secret is None:
        yield (), {}
        return
    reading, writing = os.pipe()
    try:
        os.write(writing, secret)
        os.close(writing)
        yield (reading,), {SIGNS_BY: str(reading)}
    finally:
        os.close(reading)


def take_secret() -> bytes | None:
    """The secret that was handed to this process; None where none was. Raises ``ValueError`` on half a secret."""
    named = os.environ.pop(SIGNS_BY, None)
    if named is None:
        return None
    descriptor = int(named)
    try:
        secret = os.read(descriptor, SECRET_BYTES)
    finally:
        os.close(descriptor)
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the key of this crawl: expected {SECRET_BYTES} bytes, found {len(secret)}")
    return secret
