"""Rows of a catalogue as `process` writes them, without pages that they were read from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.access_labels import DEFAULT_LABEL
from storage.catalogue.tables import captures, outcomes, page_texts, readings, records, sightings, versions, warcs

NIGHT = datetime(2026, 11, 20, 2, tzinfo=UTC)


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass
class CatalogueRows:
    """Writes into one catalogue; each sighting and each page is a capture of its own."""

    connection: Connection
    made: int = field(default=0)

    def record(
        self,
        key: str,
        text: str,
        *,
        kind: str = "article",
        label: str = DEFAULT_LABEL,
        source: str = "source-1",
        dated: str | None = None,
        names: Sequence[str] = (),
        **content: Any,
    ) -> str:
        """A version of a record, seen once more; returns the record's id."""
        record_id, version_id = digest(kind, key), digest(kind, key, text)
        if dated is not None:
            content["published_at"] = dated
        besides = {"names": [{"field": "text", "wording": name} for name in names]} if names else {}
        capture_id, at = self._capture(label, source, "text/html")
        self.connection.execute(
            upsert(records).values(id=record_id, kind=kind, natural_key=key).on_conflict_do_nothing()
        )
        self.connection.execute(
            upsert(versions)
            .values(
                id=version_id,
                record_id=record_id,
                kind=kind,
                text=text,
                content={"kind": kind, "text": text, "url": f"https://source.test/{key}", **content},
            )
            .on_conflict_do_nothing()
        )
        self.connection.execute(
            insert(readings).values(
                capture_id=capture_id,
                parser_version="test/1",
                kind=kind,
                source_id=source,
                crawl_id="crawl",
                url="https://source.test/",
                captured_at=at,
                outcome="content",
                records=1,
                links={},
                remarks=[],
            )
        )
        self.connection.execute(
            insert(sightings).values(
                capture_id=capture_id,
                parser_version="test/1",
                record_id=record_id,
                version_id=version_id,
                position=0,
                content=besides,
                captured_at=at,
                source_id=source,
                access_label=label,
            )
        )
        return record_id

    def page(self, text: str, *, label: str = DEFAULT_LABEL, source: str = "source-1") -> str:
        """A page without records; returns the id of its capture."""
        capture_id, _ = self._capture(label, source, "text/html")
        self.connection.execute(insert(page_texts).values(capture_id=capture_id, text=text, language="en"))
        return capture_id

    def relabel(self, record_id: str, label: str) -> None:
        """Move every sighting of a record under another label."""
        self.connection.execute(
            update(sightings).where(sightings.c.record_id == record_id).values(access_label=label)
        )

    def withdraw(self, record_id: str) -> None:
        """Take a record away with all that was seen of it."""
        for table in (sightings, versions):
            self.connection.execute(delete(table).where(table.c.record_id == record_id))
        self.connection.execute(delete(records).where(records.c.id == record_id))

    def _capture(self, label: str, source: str, media_type: str) -> tuple[str, datetime]:
        self.made += 1
        at = NIGHT + timedelta(minutes=self.made)
        key = f"warcs/{source}/{label}.warc.gz"
        capture_id = f"urn:uuid:{digest('capture', str(self.made), key)[:32]}"
        self.connection.execute(
            insert(captures).values(
                id=capture_id,
                surt="test,source)/",
                url=f"https://source.test/{self.made}",
                captured_at=at,
                record_type="response",
                record_id=capture_id,
                status=200,
                media_type=media_type,
                block_digest="sha256:00",
                warc_key=key,
                object_version="1",
                offset_bytes=self.made,
                length_bytes=1,
                crawl_id="crawl",
                source_id=source,
                access_label=label,
            )
        )
        self.connection.execute(
            insert(outcomes).values(capture_id=capture_id, classifier_version="test", outcome="content")
        )
        self.connection.execute(
            upsert(warcs)
            .values(
                key=key,
                object_version="1",
                custody_seq=int(digest(key)[:8], 16),
                sha256="sha256:00",
                sha512="sha512:00",
                length_bytes=1,
                records=1,
                origin="crawl",
                source_id=source,
                crawl_id="crawl",
                serial=0,
                access_label=label,
                warcinfo={},
            )
            .on_conflict_do_nothing()
        )
        return capture_id, at
