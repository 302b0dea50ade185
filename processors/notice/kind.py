"""Official notices as a kind of source."""

from typing import Final

from processors.kind_declaration import N_, KindOfRecord, KindOfSource, ParserVersion, ngettext
from processors.records.notice import Notice
from processors.records.record import signature


def notice_key(notice: Notice, source_id: str, publisher: str | None = None) -> str:
    """Source, and a digest of issuer, title and persons."""
    del publisher
    return f"{source_id}|{signature(notice.issuer_raw, notice.title, *notice.persons_raw)}"


def _parsers() -> tuple[ParserVersion, ...]:
    from processors.notice.page import PARSER_VERSION, read_notices

    return (ParserVersion(kind="notice", name=PARSER_VERSION, read=read_notices),)


NOTICE: Final = KindOfSource(
    name="notice",
    description="Summonses and announcements of proceedings.",
    label=N_("notice"),
    record=KindOfRecord(
        name="notice", plural="notices", types=(Notice,), key=notice_key, labels=ngettext("notice", "notices")
    ),
    parsers=_parsers,
    complete_list=True,
)
