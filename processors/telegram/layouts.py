"""The layouts Telegram's preview has had: from when to when, and how a page shows which of them it has.

In: the message elements of a page and the day of its capture. Out: layouts and sentences. Pure. The day chooses
the layout; what the page shows is compared with it and said, never a reason to leave a post unread: the reader
knows the marks of all layouts.

Source of the days: pages tell when they were loaded (``t`` in ``data-view``). Loads seen by 2026-11-27: layout of
2020 on 2020-05-04 and 2021-02-23 (frames of single posts since 2018); of 2023 on 2023-02-24, 2023-02-28 and
2023-11-09; of 2026 on 2024-12-05 and 2026-08-22. Between the last day of one and the first of the next nothing is
known: these days belong to the newer version, and pages of either layout are expected on them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import html

from processors.markup.html_tree import classes
from processors.telegram.media import ATTACHMENTS, PREFIX

REVISION: Final = 3
"""Raised whenever the reader reads any layout better: then all captures are read again."""

LINE: Final = f"telegram-{REVISION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramLayout:
    """One layout and the days of capture whose pages are expected to have it, both ends included; None is open.

    ``seen_from`` is the first day on which it was seen, which is later than ``valid_from`` where nothing is known
    of the days between.
    """

    name: str
    valid_from: date | None = None
    valid_until: date | None = None
    seen_from: date

    @property
    def parser_version(self) -> str:
        """Name of the parser version that reads pages of this layout's days."""
        return f"telegram-{self.name}-{REVISION}"


LAYOUT_2020 = TelegramLayout(name="2020", valid_until=date(2021, 2, 23), seen_from=date(2020, 5, 4))
LAYOUT_2023 = TelegramLayout(
    name="2023", valid_from=date(2021, 2, 24), valid_until=date(2023, 11, 9), seen_from=date(2023, 2, 24)
)
LAYOUT_2026 = TelegramLayout(name="2026", valid_from=date(2023, 11, 10), seen_from=date(2024, 12, 5))
LAYOUTS: Final = (LAYOUT_2020, LAYOUT_2023, LAYOUT_2026)
"""Oldest first."""

# on every message since the layout of 2023, on none before
_SINCE_2023 = "text_not_supported_wrap"
BOX: Final = "media_supported_cont"
"""Since 2026 a box of its own around text or media; in 2023 the class stood on stickers, beside others."""
_COLOUR_SINCE_2026 = "user-color-"

# what may follow ``tgme_widget_message_``: the parts known from all layouts, and all that begins like them
_PARTS = (
    "actions audio author bubble centered contact date document error footer forwarded_from from_author game "
    "grouped info inline invoice link location meta metatext one_media owner photo poll reactions reply "
    "roundvideo service sticker tgsticker text user venue via_bot video views voice voters wrap"
)
KNOWN_PARTS: Final = (*_PARTS.split(), *(name.removeprefix(PREFIX) for name in ATTACHMENTS))


def line_of(parser_version: str) -> str:
    """The line of readings a version belongs to: only readings of one line are compared with each other.

    The versions for Telegram's layouts are one line, so that a channel's history does not fall apart on the day
    the site changes its markup; every other version is a line of its own.
    """
    of_telegram = {layout.parser_version for layout in LAYOUTS}
    return LINE if parser_version in of_telegram else parser_version


def unlike(
    layout: TelegramLayout, messages: Sequence[html.HtmlElement], boxes: Sequence[html.HtmlElement], day: date
) -> str | None:
    """A sentence where a page captured on ``day`` shows another layout than ``layout``, the one of that day.

    ``messages`` has the page's messages, at least one, ``boxes`` its elements of class ``BOX``.
    """
    shown = _shown(messages, boxes)
    expected = LAYOUTS.index(layout)
    newer = shown is not None and LAYOUTS.index(shown) > expected
    older = shown is LAYOUT_2020 and expected > 0 and day >= layout.seen_from
    if shown is None or not (newer or older):
        return None
    return (
        f"the page has the marks of Telegram's layout of {shown.name} and was captured on {day.isoformat()}, "
        f"when that of {layout.name} was in use; it was read all the same"
    )


def _shown(messages: Sequence[html.HtmlElement], boxes: Sequence[html.HtmlElement]) -> TelegramLayout | None:
    """The layout whose marks the page has; None where those of 2023 and 2026 look the same."""
    own = [name for message in messages for name in classes(message)]
    if any(name.startswith(_COLOUR_SINCE_2026) for name in own) or any(classes(box) == (BOX,) for box in boxes):
        return LAYOUT_2026
    return None if _SINCE_2023 in own else LAYOUT_2020


def unknown_parts(names: Iterable[str]) -> tuple[str, ...]:
    """Of the classes of one message those that name a part no known layout has, each once, sorted.

    What lies within such a part (``..._story_title`` in ``..._story``) is not named besides.
    """
    parts = sorted({name for name in names if name.startswith(PREFIX)})
    unknown = [name for name in parts if not name.removeprefix(PREFIX).startswith(KNOWN_PARTS)]
    return tuple(name for name in unknown if not any(name.startswith(f"{other}_") for other in unknown))


def about_unknown(found: Sequence[tuple[int, tuple[str, ...]]]) -> tuple[str, ...]:
    """One sentence per unknown part; ``found`` has post ids with what `unknown_parts` says of each."""
    counted = Counter(name for _, names in found for name in names)
    first = {name: post_id for post_id, names in reversed(found) for name in names}
    return tuple(
        f"{name} is a part of no known layout and was not read: {count} of {len(found)} posts, first {first[name]}"
        for name, count in sorted(counted.items())
    )
