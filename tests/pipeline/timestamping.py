"""What tests of outside time share: settings held to authorities, entries to stamp, what verify found wrong."""

from dataclasses import replace

from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.findings import Verified
from storage.ledger.custody import append_and_publish, entries
from storage.ledger.entry import CustodyEntry
from tests.openssl_authority import TimeAuthorityOfOpenssl


def held_to(settings: Settings, *authorities: TimeAuthorityOfOpenssl) -> Settings:
    return replace(settings, time_authorities=tuple(f"{each.url}|{each.roots}" for each in authorities))


def note(archive: Archive) -> CustodyEntry:
    return append_and_publish(archive, "collection_ended", subject_id="crawl", actor="tester", details={})


def chain(archive: Archive) -> tuple[CustodyEntry, ...]:
    with archive.reader.connect() as connection:
        return entries(connection)


def events(archive: Archive) -> list[str]:
    return [entry.event for entry in chain(archive)]


def wrong(found: tuple[Verified, ...]) -> dict[str, list[str]]:
    return {each.subject: [problem.what for problem in each.problems] for each in found if not each.ok}
