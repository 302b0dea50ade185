"""Every secret of an installation, by the setting that holds it: what no log may have."""

from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.config.settings import Settings


def secrets_of(settings: Settings) -> dict[str, str]:
    """Passwords, tokens and keys; of an address its password, of a file of keys the keys."""
    found: dict[str, str] = {}
    for each in fields(Settings):
        value = getattr(settings, each.name)
        if each.repr or not value:
            continue
        texts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        for number, text in enumerate(texts):
            password = urlsplit(text).password if "://" in text else text
            if password:
                found[f"{each.name} {number}"] = unquote(password)
    for file in (settings.sealing_keys_file, settings.log_key_file, settings.package_key_file):
        found |= _of_key_file(file)
    return found


def _of_key_file(file: Path) -> dict[str, str]:
    """The longest word of each line: what surrounds the key is public."""
    if not file.exists():
        return {}
    lines = [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith(("#", "-----"))]
    return {f"{file.name} {number}": max(line.split(), key=len)[-40:] for number, line in enumerate(lines)}
