"""Addresses of the archive's pages below its prefix, as tasks leave them for Airflow's grid.

In: ids. Out: a path such as ``request/01KB...``. A task writes it under `PAGE_KEY` as soon as it knows it, so that
a task that runs or has failed leads somewhere, too; the plugin makes a link of it (`plugins.archive_link`).
Whoever may see a run may read it: ids alone stand in it. Light to import: the API server does.
"""

import re
from typing import Final
from urllib.parse import quote

PAGE_KEY: Final = "archive_page"
"""The XCom under which a task leaves its page."""

_PAGE = re.compile(r"(?:capture|request)/[A-Za-z0-9%._~-]+")


def page_of_capture(capture_id: str) -> str:
    """The page of a capture."""
    return f"capture/{quote(capture_id, safe='')}"


def page_of_request(request_id: str) -> str:
    """The page of a request, for those who may see it."""
    return f"request/{quote(request_id, safe='')}"


def is_page(text: str) -> bool:
    """Whether it is a path that this module made: XComs can be edited, and a link must not lead elsewhere."""
    return _PAGE.fullmatch(text) is not None
