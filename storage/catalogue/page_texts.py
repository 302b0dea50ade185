"""What captured pages and documents say of which no record was read: for search, and nothing else.

In: a capture and the text that a reader sees of it. Out: one row, or none. Words that a bar covers and words that
a page hides are not among it (docs/decisions/0034-words-under-a-bar.md); whoever hands the text on sees to that.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from processors.pages.clean_text import without_control_characters
from storage.catalogue.records import TEXT_LIMIT
from storage.catalogue.tables import page_texts

UNENCODABLE: Final = "backslashreplace"
"""A lone surrogate is no text; it is kept visible."""

_FORGET: Final = delete(page_texts).where(page_texts.c.capture_id == bindparam("of_capture"))


def replace_page_text(connection: Connection, capture_id: str, text: str | None, language: str | None) -> None:
    """Keep the text of a capture in the place of an earlier one; None, or nothing but blanks: it has none."""
    kept = without_control_characters(text or "").strip()[:TEXT_LIMIT]
    if not kept:
        connection.execute(_FORGET, {"of_capture": capture_id})
        return
    row = {"text": kept.encode("utf-8", UNENCODABLE).decode(), "language": language}
    statement = insert(page_texts).values(capture_id=capture_id, **row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=page_texts.primary_key.columns,
            set_=row,
            where=page_texts.c.text.is_distinct_from(statement.excluded.text),
        )
    )
