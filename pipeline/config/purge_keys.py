"""The keys that may delete single versions: those of the settings, else those of the embedded store.

In: `Settings`. Out: key id and secret of the first store, None where none is here. What is read is the identity
file of the embedded store (`pipeline.devstack.store_identities`), and only where that store is the one in use.
"""

import json
from typing import Final

from pipeline.config.settings import Settings

IDENTITIES_FILE: Final = "s3.json"
DAILY: Final = "letapis"
PURGE: Final = "purge"


def purge_keys(settings: Settings) -> tuple[str | None, str | None]:
    """Key id and secret."""
    if settings.s3_purge_access_key is not None:
        return settings.s3_purge_access_key, settings.s3_purge_secret_key
    found = _embedded_identities(settings)
    return found[PURGE] if uses_embedded_store(settings) and PURGE in found else (None, None)


def uses_embedded_store(settings: Settings) -> bool:
    """Whether the store of the settings is the embedded one, as far as its key tells."""
    return _embedded_identities(settings).get(DAILY, ("",))[0] == settings.s3_access_key


def _embedded_identities(settings: Settings) -> dict[str, tuple[str, str]]:
    """Key id and secret by name; empty where there is no embedded store, or this user may not read its keys."""
    try:
        text = (settings.data / "store" / "config" / IDENTITIES_FILE).read_text("utf-8")
        found = {each["name"]: each["credentials"][0] for each in json.loads(text)["identities"]}
        return {name: (str(each["accessKey"]), str(each["secretKey"])) for name, each in found.items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}
