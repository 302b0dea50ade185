"""Commitments: a value is named by a digest that discloses nothing of it, and can be opened later by itself.

In: a name, a JSON value, a salt. Out: the sha256 of the RFC 8785 JSON of ``[salt, name, value]``. The salt is 16
random bytes for each value, so that nobody finds a short value by trying, and equal values have nothing in common.
Source: the disclosures of RFC 9901 (SD-JWT), section 4.2, with canonical JSON in place of base64url. Raises
``ValueError`` for a value that is no JSON, or has no canonical form.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from processors.digest import Digest, sha256

SALT_BYTES: Final = 16
_SALT: Final = re.compile(f"[0-9a-f]{{{2 * SALT_BYTES}}}")


def new_salt() -> str:
    """A fresh salt, in hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


def commitment(salt: str, name: str, value: Any) -> Digest:
    """What is published in place of the value."""
    if _SALT.fullmatch(salt) is None:
        raise ValueError(f"salt of {name}: expected {2 * SALT_BYTES} hexadecimal digits, found {salt!r}")
    return sha256(rfc8785.dumps([salt, name, value]))


def commit(values: Mapping[str, Any]) -> tuple[dict[str, Digest], dict[str, str]]:
    """Commitments and fresh salts, by name."""
    salts = {name: new_salt() for name in values}
    return {name: commitment(salts[name], name, value) for name, value in values.items()}, salts


def opens(committed: Digest, salt: str, name: str, value: Any) -> bool:
    """Whether this is the value that was committed to, under this name and with this salt."""
    try:
        return commitment(salt, name, value) == committed
    except (ValueError, TypeError, RecursionError):
        return False  # what has no canonical form was never committed to
