"""Addresses written so that no viewer makes links of them: ``hxxps://`` for ``https://``, ``www[.]`` for ``www.``.

In: text for people. Out: the same text. Who reads a log or a table must not be one slip of the mouse away from the
very server that is watched for. The form is the one that analysts of hostile addresses use ("defanged"); whoever
needs the address changes it back. What programs read (JSON, the archive itself) keeps addresses as they are.
"""

import re
from typing import Final

_LINK: Final = re.compile(r"http(s?)://", re.IGNORECASE)
_BARE: Final = re.compile(r"(?<![\w.:/@%-])www\.", re.IGNORECASE)
_NAME_GOES_ON: Final = re.compile(r"[\w.:@-]")


def unlinked(text: str, *, own: str | None = None) -> str:
    """The text without live addresses; those that begin with ``own`` (scheme, host and port) stay as they are."""

    def without(found: re.Match[str]) -> str:
        if own is not None and text.startswith(own, found.start()):
            after = text[found.start() + len(own) :][:1]
            if not _NAME_GOES_ON.match(after):
                return found[0]
        return f"hxxp{found[1].lower()}://"

    return _BARE.sub("www[.]", _LINK.sub(without, text))
