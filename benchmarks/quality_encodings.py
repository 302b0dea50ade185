"""Encodings against LETAPIS_REALDATA/encodings: pages whose text is that of their true encoding."""

import json
from pathlib import Path
from typing import Any

from processors.markup.encoding import decode

# the names of the folders that Python knows otherwise; None where it has no such codec
PYTHON_NAMES = {
    "TIS-620": "tis-620",
    "EUC-TW": None,
    "MacCyrillic": "mac-cyrillic",
    "IBM855": "cp855",
    "IBM866": "cp866",
}
CYRILLIC = ("russian", "bulgarian", "KOI8", "MacCyrillic", "IBM855", "IBM866")


def measure(folder: Path) -> dict[str, Any]:
    """Pages decoded right, the Cyrillic ones apart; three differing characters in a thousand are still right."""
    total = right = cyrillic = cyrillic_right = 0
    wrong = []
    for name, label in json.loads((folder / "labels.json").read_text(encoding="utf-8")).items():
        codec: str | None = PYTHON_NAMES.get(label, label)
        if codec is None:
            continue
        for language in ("-russian", "-bulgarian", "-greek", "-turkish", "-hungarian", "-slovak", "-czech"):
            codec = codec.replace(language, "")
        body = (folder / name).read_bytes()
        expected = body.decode(codec, "replace").replace("\ufeff", "")
        decoded = decode(body)
        found = decoded.text.replace("\ufeff", "")
        differing = sum(a != b for a, b in zip(expected, found, strict=False)) + abs(len(expected) - len(found))
        good = differing <= len(expected) / 300
        total += 1
        right += good
        is_cyrillic = any(mark in label for mark in CYRILLIC)
        cyrillic += is_cyrillic
        cyrillic_right += is_cyrillic and good
        if not good:
            wrong.append((name, label, decoded.encoding, differing))
    return {
        "pages": total,
        "right": right,
        "cyrillic": cyrillic,
        "cyrillic_right": cyrillic_right,
        "wrong": wrong,
    }
