"""Makes text of others fit for the database, which holds no U+0000 and no half of a surrogate pair.

In: text, or JSON values with text in them, from where anything may stand. Out: the same with each such character
replaced by U+FFFD. The bytes it came from stay as they are in the WARC file.
"""

import re
from typing import Any, Final

UNFIT: Final = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT: Final = "\ufffd"


def postgres_safe_text(text: str) -> str:
    """Text that comes back from the database as it went in."""
    return UNFIT.sub(REPLACEMENT, text)


def postgres_safe_json(value: Any) -> Any:
    """The same for every text in a JSON value, names included."""
    if isinstance(value, str):
        return postgres_safe_text(value)
    if isinstance(value, dict):
        return {postgres_safe_text(name): postgres_safe_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [postgres_safe_json(each) for each in value]
    return value
