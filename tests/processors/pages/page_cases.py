"""Stored pages as tests read them: `page.html`, where it came from (`source.json`), what it says
(`expected.json`).

To add a case: write the first two, run ``python -m tests.processors.pages.page_cases CASE`` and read what it
wrote. The new expectation says ``"read_by_a_person": false`` and fails until somebody has read it against the
page and changed that.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import read_page
from processors.record_keys import json_value
from processors.tables.layout import Layout

FIXTURES = Path(__file__).parent / "fixtures"


def read_case(case: Path, read: Callable[..., Reading] = read_page) -> Reading:
    """Read the stored page as its source says it was captured."""
    source = json.loads((case / "source.json").read_text(encoding="utf-8"))
    page = Page(
        url=source["url"],
        body=(case / "page.html").read_bytes(),
        captured_at=datetime.fromisoformat(source["captured_at"]),
        status=source["status"],
        content_type=source["content_type"],
    )
    layout = source.get("layout")
    if layout:
        columns = {field: tuple(headings) for field, headings in layout.pop("columns", {}).items()}
        return read(page, source["kind"], layout=Layout(columns=columns, **layout))
    return read(page, source["kind"])


def reading_json(reading: Reading) -> dict[str, Any]:
    """The reading as the expectation stores it: what is absent is left out, so that a person can read the rest."""
    whole: dict[str, Any] = json_value(reading)
    present: dict[str, Any] = _present(whole)
    return present


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _present(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, [], {}) and item is not False}
    if isinstance(value, list):
        return [_present(item) for item in value]
    return value


if __name__ == "__main__":
    for name in sys.argv[1:]:
        folder = FIXTURES / name
        expectation = {"read_by_a_person": False, **reading_json(read_case(folder))}
        target = folder / "expected.json"
        target.write_text(json.dumps(expectation, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
