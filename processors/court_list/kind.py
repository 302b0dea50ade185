"""Courts' lists of hearings as a kind of source."""

import re
from typing import Final

from processors.kind_declaration import N_, KindOfRecord, KindOfSource, ParserVersion, heading_of_all, ngettext
from processors.records.hearing import Hearing
from processors.records.record import signature
from processors.text import folded


def hearing_key(hearing: Hearing, source_id: str, publisher: str | None = None) -> str:
    """Source, court and case number; without a number, a digest of what names the row."""
    del publisher
    case = hearing.case_number
    named = folded(case) if case else f"row:{signature(hearing.parties_raw, hearing.charges_raw)}"
    return f"{source_id}|{folded(hearing.court or '')}|{named}"


def _parsers() -> tuple[ParserVersion, ...]:
    from processors.court_list.page import PARSER_VERSION, read_court_list

    return (ParserVersion(kind="court_list", name=PARSER_VERSION, read=read_court_list),)


COURT_LIST: Final = KindOfSource(
    name="court_list",
    description="A court's list of hearings.",
    label=N_("court list"),
    record=KindOfRecord(
        name="hearing",
        plural="hearings",
        labels=ngettext("hearing", "hearings"),
        types=(Hearing,),
        key=hearing_key,
        heading=heading_of_all("case_number", "parties_raw", "court"),
        schedule=frozenset({"starts_at", "starts_raw", "room", "court"}),
    ),
    parsers=_parsers,
    complete_list=True,
    may_be_empty=True,
    likely_address=re.compile(
        r"sud_delo|(?:^|[./-])sudrf\.|raspis|rasklad|spis[ao]k|hearing|cause-?list|daily-list|court"
        r"|(?:^|[./_-])sud(?:[./_-]|$)",
        re.IGNORECASE,
    ),
    likely_because="a court's list",
)
