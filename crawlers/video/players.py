"""The pages of a crawl whose players are to be looked at, on their way from the engine to yt-dlp.

The engine keeps each as a pair of files in the crawl's folder; the crawl's process finds them there when all pages
are captured. The body is the page as it was captured, so that the site is not requested once more for it: of a
page that a browser showed, its final DOM, with the players that scripts have put there.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FOLDER_NAME: Final = "video"
MOST_BODY_BYTES: Final = 16 << 20
"""Of one page. A longer one is requested again by yt-dlp itself."""


@dataclass(frozen=True, slots=True)
class PlayerPage:
    """A captured page: ``url`` is where redirects led, ``requested_url`` what was requested first.

    ``body`` has no content coding; None where it was too long to be handed on.
    """

    url: str
    requested_url: str
    page_id: str
    content_type: str
    body: bytes | None


class PlayerPages:
    """The engine's end; ``crawl_folder`` is the crawl's own."""

    def __init__(self, crawl_folder: Path) -> None:
        self._folder = crawl_folder / FOLDER_NAME
        self._urls: set[str] = set()

    def keep(self, page: PlayerPage) -> None:
        """Keep the page, once per address. Raises ``OSError``."""
        if page.url in self._urls:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / f"{len(self._urls):05d}"
        self._urls.add(page.url)
        body = None if page.body is None or len(page.body) > MOST_BODY_BYTES else page.body
        if body is not None:
            path.with_suffix(".body").write_bytes(body)
        row = asdict(page) | {"body": body is not None}
        path.with_suffix(".json").write_text(json.dumps(row), "utf-8")


def kept_pages(crawl_folder: Path) -> Iterator[PlayerPage]:
    """The pages that the engine has kept, in their order; both files of each are removed."""
    for path in sorted((crawl_folder / FOLDER_NAME).glob("*.json")):
        try:
            row = json.loads(path.read_text("utf-8"))
        except ValueError:  # the engine was killed while it wrote
            continue
        finally:
            path.unlink()
        body = path.with_suffix(".body")
        content = body.read_bytes() if row["body"] else None
        body.unlink(missing_ok=True)
        yield PlayerPage(**row | {"body": content})
