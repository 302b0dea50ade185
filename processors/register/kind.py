"""Official registers as a kind of source."""

from typing import Final

from processors.kind_declaration import N_, KindOfRecord, KindOfSource, ParserVersion, heading_of_first, ngettext
from processors.records.record import signature
from processors.records.register_entry import RegisterEntry
from processors.text import folded


def register_entry_key(entry: RegisterEntry, source_id: str, publisher: str | None = None) -> str:
    """Source, register, and a digest of what names the entry: entries are numbered anew when one goes."""
    del publisher
    named: tuple[str | None, ...] = (entry.name_raw, entry.born_raw)
    if not any(named):
        named = tuple(sorted(f"{key}={value}" for key, value in entry.extra.items()))
    return f"{source_id}|{folded(entry.register or '')}|{signature(*named)}"


def _parsers() -> tuple[ParserVersion, ...]:
    from processors.register.page import PARSER_VERSION, read_register

    return (ParserVersion(kind="register", name=PARSER_VERSION, read=read_register),)


REGISTER: Final = KindOfSource(
    name="register",
    description="A list of people, organisations or materials that grows.",
    label=N_("register"),
    record=KindOfRecord(
        name="register_entry",
        plural="entries",
        labels=ngettext("register entry", "register entries"),
        types=(RegisterEntry,),
        key=register_entry_key,
        heading=heading_of_first("name_raw", "number_raw"),
    ),
    parsers=_parsers,
    complete_list=True,
)
