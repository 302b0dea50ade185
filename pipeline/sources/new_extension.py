"""Writes the skeleton of an extension around one page, which runs at once: parser, page, what is expected, a test.

In: the operator's folder, a name, a fetched page, the kind of its records. Out: `NewExtension`. No file is written
over another unless asked. Raises `ExtensionFault`, after which nothing was written that was not there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crawlers.extensions.folder import ExtensionFolder, refuse_name
from pipeline.sources.extension_pages import EXPECTED, PAGES, accept, try_pages
from processors.extension.code import NAME, ExtensionFault
from processors.kinds import KINDS, record_kinds
from processors.pages.page import Page

FIRST_PAGE: Final = "first"
OWN_KIND: Final = "entry"
SUFFIXES: Final = {"application/json": ".json-body", "application/pdf": ".pdf"}

INIT: Final = '"""Reads {host}; see docs/extensions.md of Letapis."""\n'

OWN_PARSER: Final = '''"""The parser of {host}: change `parse` until its records say what the page says."""

from processors.extension.protocol import OwnKind


class Parser:
    """One record for each row of a table, or one for the page where it has no table."""

    version = 1
    kind = OwnKind(
        name="{kind}",
        schema={{
            "type": "object",
            "properties": {{
                "title": {{"type": "string", "minLength": 1}},
                "text": {{"type": ["string", "null"]}},
                "published_at": {{"type": ["string", "null"]}},
                "published_raw": {{"type": ["string", "null"]}},
            }},
            "required": ["title"],
        }},
        key=("title",),  # what identifies a record, whatever else of it changes
        complete_list=False,  # True: what is no longer on these pages is missing
    )

    def parse(self, page):
        """Yield a dictionary for each record of the page; `page.css` and `page.xpath` are those of Scrapy."""
        rows = [[text for text in row.values() if text] for row in page.rows()]
        rows = [row for row in rows if row]
        if not rows:
            title = " ".join(page.xpath("string(//h1)").get("").split()) or page.url
            rows = [[title, *(" ".join(text.split()) for text in page.css("p::text").getall() if text.strip())]]
        for first, *others in rows:
            raw = next((text for text in others if page.moment(text) is not None), None)
            yield {{
                "title": first,
                "text": "; ".join(others) or None,
                "published_at": page.moment(raw),
                "published_raw": raw,
            }}

    def next_pages(self, page):
        """Yield the addresses of the other pages of the same list."""
        return page.css("a[rel~=next]::attr(href)").getall()
'''

OUR_PARSER: Final = '''"""The parser of {host}: change `parse` until its records say what the page says."""

from {module} import {record}


class Parser:
    """{what}"""

    version = 1
    kind = "{kind}"

    def parse(self, page):
        """Yield a {record} for each record of the page; `page.css` and `page.xpath` are those of Scrapy."""
{body}
    def next_pages(self, page):
        """Yield the addresses of the other pages of the same list."""
        return page.css("a[rel~=next]::attr(href)").getall()
'''

OF_ROWS: Final = """        for row in page.rows():
            yield {record}(url=page.url, extra=row)  # name the fields that the columns mean
"""

OF_PAGE: Final = """        title = " ".join(page.xpath("string(//h1)").get("").split()) or None
        text = "\\n".join(" ".join(each.split()) for each in page.css("p::text").getall() if each.strip()) or None
        yield {record}(url=page.url, title=title, text=text)
"""

TEST: Final = '''"""The stored pages of this extension, as `letapis sources test {name}` reads them."""

from pathlib import Path

from crawlers.extensions.folder import ExtensionFolder
from pipeline.sources.extension_pages import TrialResult, try_pages

HERE = Path(__file__).resolve().parent


def test_every_stored_page_is_read_as_a_person_expects():
    for trial in try_pages(ExtensionFolder(HERE.parent), HERE.name):
        assert trial.result is TrialResult.AS_EXPECTED, trial.problems
'''


@dataclass(frozen=True, slots=True)
class NewExtension:
    """What was written, what the parser makes of the page now, and the entry for the watch-list."""

    name: str
    folder: Path
    files: tuple[str, ...]
    parser: str
    outcome: str | None
    records: int
    problems: tuple[str, ...]
    entry: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The row of kind ``new_extension``."""
        return {
            "kind": "new_extension",
            "name": self.name,
            "folder": str(self.folder),
            "files": list(self.files),
            "parser": self.parser,
            "outcome": self.outcome,
            "records": self.records,
            "problems": list(self.problems),
            "entry": dict(self.entry),
        }


def may_be_new(folder: ExtensionFolder, name: str, kind: str) -> Path:
    """The folder in which the extension would stand; raises `ExtensionFault` where it cannot, before a fetch."""
    if folder.path is None:
        raise ExtensionFault(
            "No folder of extensions is set: name one in LETAPIS_EXTENSIONS, an absolute path below which only "
            "you can write, as LETAPIS_EXTENSIONS=/srv/letapis-extensions."
        )
    if not folder.path.is_dir():
        raise ExtensionFault(f"{folder.path}: there is no such folder; make it with `mkdir -m 755 {folder.path}`.")
    refuse_name(name, folder.path)
    if kind not in _templates() and not NAME.fullmatch(kind):
        known = ", ".join(_templates())
        raise ExtensionFault(f"{kind!r}: expected one of {known}, or a name of your own of a-z, 0-9 and _")
    return folder.path / name


def write_extension(
    folder: ExtensionFolder, name: str, page: Page, *, kind: str = OWN_KIND, overwrite: bool = False
) -> NewExtension:
    """Write the skeleton around the page, and read the page by it."""
    here = may_be_new(folder, name, kind)
    files = _files(name, page, kind)
    there = [path for path in files if (here / path).exists()]
    if there and not overwrite:
        raise ExtensionFault(f"{here}: there are {', '.join(there)} already; nothing was written (--force writes)")
    for path, content in files.items():
        _write(here / path, content)
    trials = [trial for trial in try_pages(folder, name) if trial.page == FIRST_PAGE]
    for trial in trials:
        if trial.found is not None:
            accept(folder, trial)
    found = trials[0].found
    parser = f"{name}.parser:Parser"
    return NewExtension(
        name=name,
        folder=here,
        files=(*files, *([f"{EXPECTED}/{FIRST_PAGE}.json"] if found is not None else [])),
        parser=parser,
        outcome=None if found is None else found["outcome"],
        records=0 if found is None else len(found["records"]),
        problems=trials[0].problems if found is None else (),
        entry={
            "id": name.replace("_", "-"),
            "kind": next((each.name for each in KINDS.values() if each.record.name == kind), "register"),
            "pages": [page.url],
            "parser": parser,
        },
    )


def _files(name: str, page: Page, kind: str) -> dict[str, bytes]:
    media_type = (page.content_type or "text/html").partition(";")[0].strip().lower()
    body = f"{FIRST_PAGE}{SUFFIXES.get(media_type, '.html')}"
    facts = {
        "file": body,
        "url": page.url,
        "captured_at": page.captured_at.isoformat(),
        "status": page.status,
        "content_type": page.content_type,
        "parser": f"{name}.parser:Parser",
    }
    host = page.url.split("/")[2]
    template = _templates().get(kind, OWN_PARSER)
    return {
        "__init__.py": INIT.format(host=host).encode(),
        "parser.py": template.format(host=host, kind=kind).encode(),
        "test_parser.py": TEST.format(name=name).encode(),
        f"{PAGES}/{body}": page.body,
        f"{PAGES}/{FIRST_PAGE}.json": (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode(),
    }


def _templates() -> dict[str, str]:
    """By kind of record of ours: the parser to begin with."""
    found = {}
    for kind in KINDS.values():
        record = kind.record.types[-1]
        fields = record.__dataclass_fields__
        if kind.record.name not in record_kinds() or kind.name == "telegram":
            continue
        rows = "extra" in fields
        body = (OF_ROWS if rows else OF_PAGE).format(record=record.__name__)
        what = "One record for each row of a table." if rows else "One record for the page."
        found[kind.record.name] = (
            OUR_PARSER.replace("{module}", record.__module__)
            .replace("{record}", record.__name__)
            .replace("{what}", what)
            .replace("{body}", body)
        )
    return found


def _write(file: Path, content: bytes) -> None:
    """Write the file; folder and file are closed to others' changes, whatever this process's umask says."""
    for folder in (file.parent.parent, file.parent):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
    file.write_bytes(content)
    file.chmod(0o644)
