"""How the content files say what changes: ``new_on``, and ``day2``, ``day3`` with facts that replace others."""

from pathlib import Path
from typing import Any

import yaml

from samples.clock import FIRST_DAY, LAST_DAY

CONTENT = Path(__file__).parent / "content"
Facts = dict[str, Any]


def content_file(name: str) -> Facts:
    """The facts of one content file as they are written."""
    facts: Facts = yaml.safe_load((CONTENT / f"{name}.yaml").read_text(encoding="utf-8"))
    return facts


def merged(facts: Facts, day: int) -> Facts:
    """The facts of one day: those of ``day2`` replace the others from day 2 on, and so on, inside parts too."""
    plain = {key: merged(value, day) if isinstance(value, dict) else value for key, value in facts.items()}
    for since in range(FIRST_DAY + 1, LAST_DAY + 1):
        later: Facts = plain.pop(f"day{since}", {})
        plain |= later if day >= since else {}
    return plain


def on_day(things: list[Facts], day: int) -> list[Facts]:
    """What stands on that day, each as it stands then, in the order of the file."""
    standing = [merged(facts, day) for facts in things if facts.get("new_on", 1) <= day]
    return [
        {key: value for key, value in facts.items() if key not in ("new_on", "absent")}
        for facts in standing
        if not facts.get("absent", False)
    ]
