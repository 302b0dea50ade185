"""The first page of a package, in the recipient's language and in English.

In: a frozen selection. Out: the bytes of ``data/README.txt``. The texts are files of this folder, one for each
language (ISO 639); a recipient whose language has none gets English alone.
"""

from importlib.resources import files
from typing import Final

from pipeline.handover.plain_json import iso_seconds
from pipeline.handover.selection import FrozenSelection

ENGLISH: Final = "en"
RULE: Final = "\n" + "-" * 100 + "\n\n"


def readme_text(selection: FrozenSelection) -> bytes:
    """The page; names in it stand on one line each."""
    texts = files(__name__)
    languages = dict.fromkeys((selection.recipient.language, ENGLISH))
    found = (texts / f"{language}.txt" for language in languages)
    values = {
        "package": selection.package_id,
        "recipient": " ".join(selection.recipient.name.split()),
        "level": selection.recipient.level.value,
        "frozen_at": iso_seconds(selection.frozen_at),
        "exhibits": str(len(selection.exhibits)),
    }
    pages = (text.read_text(encoding="utf-8").format_map(values) for text in found if text.is_file())
    return RULE.join(pages).encode()
