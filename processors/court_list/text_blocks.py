"""Cases listed as blocks of text or as entries of a feed, where no table says which part is what.

In: a page. Out: hearings, told by case numbers and the "v." between the parties, and a remark that says so. Taken
only where at least three blocks, most of all, have both; running text that mentions a case is no list. A date is
when the hearing starts only where the page calls itself a list of hearings; else it is kept as a date. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from processors.court_list.case_numbers import case_number_in
from processors.markup.html_tree import INNER_MARK, crossed_out_apart
from processors.pages.dates import read_moment
from processors.pages.feeds import read_feed
from processors.pages.page import Page
from processors.records.hearing import CourtDocument, Hearing
from processors.records.struck import CROSSED_OUT, CROSSED_OUT_ROW, Struck
from processors.text import one_line

_VERSUS = re.compile(
    r"\s(?:v\.?|vs\.?|versus|против|проти|супраць|przeciwko)\s|^(?:in re\b|in the matter of|matter of)",
    re.IGNORECASE,
)
# "James V. Sample" is a name: a capital stands between parties only where all is in capitals
_TITLE_OF_CASE = re.compile(
    r"^(?!.{0,40}:\s)(?:.*\s(?:vs?\.|v|versus|против|проти|супраць|przeciwko)\s|[^a-zа-яіўїє]+\sVS?\.?\s"
    r"|In [Rr]e\b|IN RE\b|(?:In the )?Matter of\b)"
)
_HEARINGS = re.compile(
    r"argument|hearing|calendar|cause list|слушан|заседан|пасяджэн|слуханн|засідан|rozpraw|wokand", re.IGNORECASE
)
_FEED = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:rss|feed|rdf:RDF)\b", re.DOTALL)
_MARKUP = re.compile(r"<[^<>]{1,500}>|&nbsp;")
_LEAST = 3
_LEAST_SHARE = 0.6
_LONGEST_BLOCK = 12
_LONGEST_DATE = 80
_LONGEST_PARTY_LINE = 250
_LONGEST_PARTIES = 400
REMARK = "the page has no table: rows were told by case numbers and the parties beside them"


@dataclass(frozen=True, slots=True)
class _Block:
    """``lines`` are those of the page without what is crossed out; of what is so as a whole, with it."""

    number: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _StruckLines:
    """What is crossed out of lines, by the line; and those that are crossed out as a whole."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()


def is_feed(body: bytes) -> bool:
    """Whether these bytes are a feed of entries."""
    return _FEED.match(body[:2_000]) is not None


def feed_hearings(page: Page, zone: tzinfo | None, language: str | None) -> list[Hearing]:
    """Entries of a feed that name a case."""
    feed = read_feed(page.body, page.url, page.content_type)
    found = []
    for entry in feed.entries:
        title, summary = one_line(entry.title or ""), one_line(_MARKUP.sub(" ", entry.summary_raw or ""))
        number = case_number_in(title) or case_number_in(summary)
        if number is not None:
            row = _hearing(page.url, _Block(number, (title,)), False, zone, language)
            stated = {"published": entry.published_raw, "summary": summary}
            extra = {name: text for name, text in stated.items() if text}
            found.append(replace(row, extra=extra, documents=(CourtDocument(url=entry.url_raw),)))
    return found


def block_hearings(
    page: Page, lines: Sequence[str], headings: Sequence[str], zone: tzinfo | None, language: str | None
) -> list[Hearing]:
    """Blocks of the page's text, each from one case number to the next; ``lines`` may have `INNER_MARK`s."""
    apart = [crossed_out_apart(line) if INNER_MARK in line else (line, ()) for line in lines]
    lines = [kept or " ".join(struck) for kept, struck in apart]
    struck = _StruckLines(
        words={one_line(line): words for line, (_, words) in zip(lines, apart, strict=True) if words},
        whole=frozenset(one_line(" ".join(words)) for kept, words in apart if words and not kept),
    )
    blocks = _blocks(lines)
    named = [block for block in blocks if _parties(block) is not None]
    if len(named) < _LEAST or len(named) < _LEAST_SHARE * len(blocks):
        blocks = _dated_blocks(lines)
        named = [block for block in blocks if any(_is_dated(line, language) for line in block.lines)]
        if len(named) < _LEAST or len(named) < _LEAST_SHARE * len(blocks):
            return []
    starts = any(_HEARINGS.search(heading) for heading in headings)
    return [_hearing(page.url, block, starts, zone, language, struck) for block in named]


def _blocks(lines: Sequence[str]) -> list[_Block]:
    """From each case number to the next; a date that stands over the first number stands over all of them."""
    blocks: list[_Block] = []
    before = ""
    over_first = False
    for line in map(one_line, lines):
        if not line:
            continue
        number = case_number_in(line)
        if number is not None and (not blocks or number != blocks[-1].number):
            over_first = over_first or (not blocks and _is_dated(before))
            if over_first and blocks and blocks[-1].lines[-1] == before:
                blocks[-1] = replace(blocks[-1], lines=blocks[-1].lines[:-1])
            blocks.append(_Block(number, (before, line) if over_first and _is_dated(before) else (line,)))
        elif blocks and len(blocks[-1].lines) < _LONGEST_BLOCK:
            blocks[-1] = replace(blocks[-1], lines=(*blocks[-1].lines, line))
        before = line
    return blocks


def _dated_blocks(lines: Sequence[str]) -> list[_Block]:
    """From each line of parties to the next, where no numbers stand; short lines that are no sentences."""
    blocks: list[_Block] = []
    for line in map(one_line, lines):
        if len(line) <= _LONGEST_PARTY_LINE and line[:1].isupper() and _TITLE_OF_CASE.search(line):
            blocks.append(_Block(None, (line,)))
        elif line and blocks and len(blocks[-1].lines) < _LONGEST_BLOCK:
            blocks[-1] = replace(blocks[-1], lines=(*blocks[-1].lines, line))
    return blocks


def _is_dated(line: str, language: str | None = None) -> bool:
    return len(line) < _LONGEST_DATE and read_moment(line, language) is not None


def _parties(block: _Block) -> str | None:
    """The line with the parties, without the number where it stands at an end."""
    for line in block.lines:
        number = block.number or ""
        bare = line.removeprefix(number).removesuffix(number).strip(" ,;:–—-").lstrip(". ")
        if len(bare) <= _LONGEST_PARTIES and _VERSUS.search(bare):
            return bare
    return None


def _hearing(
    url: str,
    block: _Block,
    starts: bool,
    zone: tzinfo | None,
    language: str | None,
    struck: _StruckLines = _StruckLines(),
) -> Hearing:
    crossed_out = block.lines[0] in struck.whole
    words = tuple(each for line in block.lines for each in struck.words.get(line, ()))
    if not crossed_out:
        block = replace(block, lines=tuple(line for line in block.lines if line not in struck.whole))
    dated = next((line for line in block.lines if _is_dated(line, language)), None)
    moment = read_moment(dated, language) if starts else None
    return Hearing(
        url=url,
        case_number=block.number,
        parties_raw=_parties(block),
        starts_at=moment.at(zone) if moment is not None else None,
        starts_raw=dated if starts else None,
        extra={"date": dated} if dated and not starts else {},
        status_raw=CROSSED_OUT if crossed_out else None,
        struck=tuple(Struck(field=_field_of(each, starts), text=each) for each in words),
        remarks=(CROSSED_OUT_ROW,) if crossed_out else (),
    )


def _field_of(words: str, starts: bool) -> str:
    """The key of what crossed-out words were, as far as they tell it by themselves."""
    if case_number_in(words) is not None:
        return "case_number"
    if _is_dated(words):
        return "starts_raw" if starts else "extra.date"
    return "parties_raw" if _VERSUS.search(words) else "extra.text"
