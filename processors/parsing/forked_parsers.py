"""The page parsers in a fork of a process that has imported them (`processors.sandbox.forked_worker`)."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from processors.parsing.limits import PageLimits
from processors.parsing.page_frame import Task, Work, framed, unframed
from processors.parsing.parser_worker import serve_pages
from processors.parsing.parsers import OwnParsers
from processors.parsing.result_json import to_json
from processors.parsing.sandboxed_parsers import ConfinedParsers, own_page
from processors.sandbox.forked_worker import become_worker, forked_worker


def import_parsers() -> None:
    """Import all that reading a page takes, by reading one of ours."""
    page = unframed(framed(Work(task=Task.READ, page=own_page(), kind="news"))).page
    parsers = OwnParsers()
    to_json(parsers.read_page(page, "news"))
    to_json(parsers.classify(page))
    to_json(parsers.requisites(page))


def forked_parsers() -> ConfinedParsers:
    """Parsers whose first worker is a fork of this process."""
    limits = PageLimits()
    return ConfinedParsers(limits, first=lambda: forked_worker(lambda: serve_pages(limits)))


def serve_forked(_: Mapping[str, Any], files: Sequence[int]) -> int:
    """Serve pages on two files, until the first one ends; returns the exit code."""
    source, sink = files
    become_worker(source, sink)
    os.setsid()
    serve_pages(PageLimits())
    return 0
