"""Pages that are not ours, served under their own addresses: captured files, or whole folders of them."""

import mimetypes
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

from samples.messages import Response, file_response

# A charset here would overrule the one the page itself declares, so text types go out without.
KNOWN_TYPES = {".html": "text/html", ".htm": "text/html", ".xml": "application/xml", ".txt": "text/plain"}


def content_type_of(path: Path) -> str:
    """The content type by file name, without a charset."""
    guessed, _ = mimetypes.guess_type(path.name)
    return KNOWN_TYPES.get(path.suffix.lower(), guessed or "application/octet-stream")


def page_at(url: str, path: Path, content_type: str | None = None) -> dict[tuple[str, str], Response]:
    """One file under one address. ``content_type`` is the header value; by default the file name tells it."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    response = file_response(path, content_type if content_type is not None else content_type_of(path))
    return {((parts.hostname or "").lower(), target): response}


def folder_at(url: str, folder: Path) -> dict[tuple[str, str], Response]:
    """Every file of a folder, each under the address of the folder and its path in it."""
    pages: dict[tuple[str, str], Response] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            pages |= page_at(f"{url.rstrip('/')}/{quote(path.relative_to(folder).as_posix())}", path)
    return pages


def extra_pages(mappings: Iterable[str]) -> dict[tuple[str, str], Response]:
    """``URL=FILE`` and ``URL=FOLDER`` arguments as pages; raises ``ValueError`` for what is neither.

    The file comes after the last ``=``, since an address may hold some itself.
    """
    pages: dict[tuple[str, str], Response] = {}
    for mapping in mappings:
        url, _, name = mapping.rpartition("=")
        path = Path(name)
        if urlsplit(url).hostname is None or not path.exists():
            raise ValueError(f"{mapping!r}: expected an address, '=', and a file or folder that exists")
        pages |= folder_at(url, path) if path.is_dir() else page_at(url, path)
    return pages
