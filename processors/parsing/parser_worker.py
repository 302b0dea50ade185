"""The expendable process behind ``processors.parsing.sandboxed_parsers``: pages in, what parsers make of them out.

The one argument holds ``PageLimits`` as JSON; a page comes as `page_frame` writes it. The answer is ``=`` and the
value as `result_json` writes it, or ``!`` and a JSON array: whether memory was what lacked, and why in words.
"""

import json
import sys
from typing import TYPE_CHECKING

from processors.sandbox.worker import serve

if TYPE_CHECKING:
    from processors.parsing.limits import PageLimits


def main() -> None:
    """Serve until standard input ends."""
    from processors.parsing.limits import PageLimits

    serve_pages(PageLimits(**json.loads(sys.argv[1])))


def serve_pages(limits: "PageLimits") -> None:
    """Serve on standard input and output; the heavy imports stand here: nothing else of this module needs them."""
    from processors.parsing.page_frame import Task, unframed
    from processors.parsing.parsers import OwnParsers
    from processors.parsing.result_json import to_json

    parsers = OwnParsers()

    def done(frame: bytes) -> object:
        work = unframed(frame)
        match work.task:
            case Task.READ:
                assert work.kind is not None
                return parsers.read_page(work.page, work.kind, layout=work.layout)
            case Task.CLASSIFY:
                return parsers.classify(work.page)
            case Task.BROWSER_NEED:
                return parsers.browser_need(work.page) or ""
            case Task.FEED:
                return parsers.read_feed(work.page)
            case Task.SITEMAP:
                return parsers.read_sitemap(work.page)
            case Task.REQUISITES:
                return parsers.requisites(work.page)
            case Task.LINKS:
                return parsers.links(work.page)
            case Task.TEXT:
                return parsers.readable_text(work.page)
            case Task.READABLE:
                return parsers.readable_page(work.page)

    def answer(frame: bytes) -> bytes:
        try:
            return b"=" + to_json(done(frame))
        except MemoryError:
            return b"!" + json.dumps([True, ""]).encode()
        except Exception as error:  # a hostile page may make any parser raise anything
            return b"!" + json.dumps([False, f"{type(error).__name__}: {error}"[:500]]).encode()

    serve(answer, memory_bytes=limits.memory_bytes, seconds=lambda frame: limits.seconds_for(len(frame)))


if __name__ == "__main__":
    main()
