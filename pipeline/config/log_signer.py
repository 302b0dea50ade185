"""Opens the log's signing key where the settings say it is: a file of its owner, or a PKCS#11 token.

In: `Settings`. Out: `LogSigner`; None where there is no key. Raises `LogKeyError` and `SettingsError`.
"""

import os
import secrets
from typing import Final

from pipeline.config.settings import Settings, SettingsError
from processors.transparency_log.signed_note import Signer, is_key_name
from storage.log.key_file import SigningState, make_signing_key, read_signing_key
from storage.log.signing import LogSigner

OWN_ORIGIN: Final = "letapis-log/"
"""How the origin of a log begins to which nobody has given a name."""


def open_signer(settings: Settings) -> LogSigner | None:
    """The signer; None where no file is named and none is in its usual place."""
    state = SigningState.beside(settings.log_key_file)
    if settings.log_pkcs11 is not None:
        return LogSigner(_token_key(settings), state)
    if settings.log_key is None and not os.path.lexists(settings.log_key_file):
        return None
    return LogSigner(read_signing_key(settings.log_key_file), state)


def prepare_signer(settings: Settings) -> tuple[LogSigner, bool]:
    """The signer and whether its key was made now; what is there stays as it is."""
    if settings.log_pkcs11 is None and not os.path.lexists(settings.log_key_file):
        origin = settings.log_origin or f"{OWN_ORIGIN}{secrets.token_hex(8)}"
        if not is_key_name(origin):
            raise SettingsError((f"LETAPIS_LOG_ORIGIN: expected a name without spaces and +, found {origin!r}.",))
        key = make_signing_key(settings.log_key_file, origin)
        return LogSigner(key, SigningState.beside(settings.log_key_file)), True
    signer = open_signer(settings)
    assert signer is not None
    return signer, False


def _token_key(settings: Settings) -> Signer:
    from storage.log.pkcs11_key import open_token_key

    return open_token_key(settings.log_pkcs11 or "", settings.log_origin)
