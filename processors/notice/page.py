"""Pages of official notices: summonses, announcements of proceedings, boards that list many of them.

In: a `Page`. Out: a `Reading` with a `Notice` for each row of a table of notices, each block of a board, or the
one notice a page or document is. Persons stay in the issuer's wording; who is named in office goes to
``officials``. A board of mere links brings no notices but the links to them.
"""

from collections.abc import Iterator

from processors.markup.link_base import addresses_by_wording
from processors.notice.blocks import Block, document_block, page_block, page_blocks
from processors.notice.people import issuer_in, officials_in, persons_in
from processors.pages.article_codes import article_codes
from processors.pages.dates import doubts_of, read_moment
from processors.pages.list_links import document_links, next_pages
from processors.pages.outcome import Classification, Outcome, classify
from processors.pages.page import Page
from processors.pages.page_tables import PageTables, open_tree, page_tables
from processors.pages.parse_result import Links, Reading
from processors.pages.timezones import country_of, zone_of_layout
from processors.records.notice import Notice
from processors.records.official import Official
from processors.records.struck import Struck
from processors.tables.column_names import notice_field
from processors.tables.grid import read_grids
from processors.tables.grid_rows import Row
from processors.tables.layout import Layout
from processors.text import one_line
from processors.urls import host_of

PARSER_VERSION = "notice-3"
CROSSED_OUT_NOTICE = "the whole notice is crossed out on the page"
_KEYS = {"issuer": "issuer_raw", "title": "title", "persons": "persons_raw", "published": "published_raw"}
_FIELDS = ("issuer", "title", "text", "persons", "published", "official")


def read_notices(page: Page, layout: Layout | None = None) -> Reading:
    """Read one page of notices."""
    opened = open_tree(page)
    verdict = classify(page, opened)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    tree = opened.tree
    # links lead on whether a reader sees them or not
    next_urls = next_pages(tree, page.url, opened.encoding) if tree is not None else ()
    documents = document_links(tree, page.url, opened.encoding) if tree is not None else ()
    source = page_tables(page, tree)
    if source.problem is not None:
        return _reading(page, Classification(Outcome.EMPTY, source.problem), layout)
    issuer = issuer_in(source.headings)
    grids = read_grids(source.tables, notice_field, layout)
    found = [
        _of_row(row, page, layout, issuer) for grid in grids for row in grid.rows if grid.across or len(grids) == 1
    ]
    remarks = (*source.remarks, *(remark for grid in grids for remark in grid.remarks if found))
    articles: tuple[str, ...] = ()
    if not found and tree is not None:
        board = page_blocks(tree, page.url)
        worded = addresses_by_wording(tree, page.url, opened.encoding)
        articles = tuple(dict.fromkeys(worded[link] for link in board.links if link in worded))
        blocks = board.blocks or tuple(
            block for block in (page_block(tree, page.url),) if not board.links and block
        )
        found = [_of_block(block, page, layout, issuer) for block in blocks]
    elif not found and page.document is not None:
        block = document_block(page.document.text)
        found = [_of_block(block, page, layout, issuer)] if block is not None else []
    links = Links(
        next_pages=next_urls,
        articles=articles,
        documents=documents,
    )
    if not found and not articles:
        return _reading(page, Classification(Outcome.EMPTY, _why_empty(source)), layout, links=links)
    return _reading(page, verdict, layout, records=tuple(found), links=links, remarks=remarks)


def _why_empty(source: PageTables) -> str:
    return "no notice was understood on this page" + (
        "" if source.tables else ": it has no table, block or text of one"
    )


def _of_row(row: Row, page: Page, layout: Layout | None, issuer: str | None) -> Notice:
    """A row: what no field of a notice takes stands in the text under its own heading."""
    rest = [f"{key}: {value}" for key, value in row.unfitted((*_FIELDS, "row")).items()]
    text = "\n".join(filter(None, (row.text("text"), *rest))) or None
    persons = tuple(line for _, value in row.all("persons") for line in value.split("\n") if line)
    published = row.text("published")
    moment = read_moment(published, country=country_of(host_of(page.url)))
    zone = zone_of_layout(layout, page.url)
    whole = "\n".join(value for _, value in row.values if value)
    return Notice(
        url=page.url,
        issuer_raw=row.text("issuer") or issuer,
        title=row.text("title"),
        text=text,
        persons_raw=persons or persons_in(text or ""),
        article_codes=article_codes(whole),
        published_at=moment.at(zone) if moment else None,
        published_raw=published,
        remarks=(*row.remarks, *doubts_of(published, moment, zone)),
        officials=(*_in_office(row), *officials_in(text or "")),
        struck=tuple(
            Struck(field=_KEYS.get(column.field or "", "text"), text=words) for column, words in row.struck
        ),
    )


def _in_office(row: Row) -> Iterator[Official]:
    """Whoever stands in a column of an office, with the name's own office or the column's heading."""
    for heading, value in row.all("official"):
        named = officials_in(value)
        yield from named or (Official(name_raw=one_line(value), role_raw=heading),)


def _of_block(block: Block, page: Page, layout: Layout | None, issuer: str | None) -> Notice:
    moment = read_moment(block.published_raw, country=country_of(host_of(page.url)))
    zone = zone_of_layout(layout, page.url)
    return Notice(
        url=block.url or page.url,
        issuer_raw=issuer_in((block.title or "", *block.text.split("\n"))) or issuer,
        title=block.title,
        text=block.marked or block.text or None,
        persons_raw=persons_in(block.text),
        article_codes=article_codes(f"{block.title or ''}\n{block.text}"),
        published_at=moment.at(zone) if moment else None,
        published_raw=block.published_raw,
        remarks=(
            *([CROSSED_OUT_NOTICE] if block.crossed_out else ()),
            *(f"hidden on the page and left out: {words!r}" for words in block.hidden),
            *doubts_of(block.published_raw, moment, zone),
        ),
        struck=tuple(Struck(field="text", text=words) for words in block.struck if words),
        officials=officials_in(block.text),
    )


def _reading(page: Page, verdict: Classification, layout: Layout | None, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="notice",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        layout=layout.name if layout is not None else ("guessed" if parts.get("records") else None),
        parser_version=PARSER_VERSION,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
