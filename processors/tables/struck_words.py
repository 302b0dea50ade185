"""Words of a document put together: those that stand, and those that are crossed out.

In: pieces of text in order, each with whether it is crossed out. Out: the text without these, and these. Pure.
"""

from collections.abc import Iterable

from processors.text import lines, one_line, shortened

Piece = tuple[str, bool]
_LONGEST_SHOWN = 200
_MOST_SHOWN = 10


def parted(pieces: Iterable[Piece]) -> tuple[str, tuple[str, ...]]:
    """The words that stand, and those crossed out; what blanks alone part is one."""
    kept: list[str] = []
    struck: list[str] = []
    open_run = False
    for text, is_struck in pieces:
        if is_struck:
            if open_run:
                struck[-1] += text
            else:
                struck.append(text)
            open_run = True
        else:
            kept.append(text)
            if text.strip() or "\n" in text:
                open_run = False
            elif open_run:
                struck[-1] += text
    return lines("".join(kept)), tuple(words for each in struck if (words := lines(each)))


def outside_tables(struck: Iterable[str]) -> tuple[str, ...]:
    """The remark on words crossed out outside tables; none where there are none."""
    found = [repr(shortened(one_line(words), _LONGEST_SHOWN)) for words in struck]
    if not found:
        return ()
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return (
        f"words crossed out outside tables, which are no part of the text: {'; '.join(found[:_MOST_SHOWN])}{more}",
    )
