"""A channel of invented posts in an archive, as the tests of hand-over choose from it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from crawlers.watchlist.source import Source
from processors.media.decoder_pool import Decoders
from processors.pages.outcome import Classification, Outcome
from processors.pages.parse_result import Reading
from processors.records.telegram_post import Medium, TelegramPost
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.catalogue.records import replace_reading, upsert_outcome
from storage.deposit.deposit import deposit_file
from storage.similarity.media import upsert_medium
from tests.access.conftest import picture
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

CHANNEL = "https://t.me/s/kanal"
PHOTO = "https://cdn.example/photo.png"
POST = "https://t.me/kanal/15"
POSTS = range(1, 31)


def fill_channel(archive: Archive, spool: Path, source: Source) -> None:
    """Two nights of the channel; the second with an edited post, whose own page is gone."""
    day = timedelta(days=1)
    page = response(b"<p>posts</p>")
    first = [exchange(CHANNEL, page), exchange(PHOTO, response(picture("PNG", 80), "image/png"))]
    gone = exchange(POST, response(b"gone", status="404 Not Found"), at=NIGHT + day)
    second = [exchange(CHANNEL, page, at=NIGHT + day), gone]
    for night, items in enumerate((first, second)):
        deposited = deposit_file(archive, crawl_one(spool, items, source=source))
        with archive.reader.connect() as connection:
            captures = list(captures_in(connection, deposited.key))
        with archive.writer.begin() as connection, Decoders(workers=1) as decoders:
            for capture in captures:
                if capture.url == CHANNEL:
                    upsert_outcome(connection, capture.id, "test-1", Classification(Outcome.CONTENT, None))
                    posts = tuple(post(number, night) for number in POSTS)
                    reading = Reading(
                        url=CHANNEL,
                        kind="telegram",
                        outcome=Outcome.CONTENT,
                        parser_version="test-1",
                        records=posts,
                    )
                    replace_reading(connection, capture, reading)
                elif capture.url == PHOTO:
                    content = picture("PNG", 80)
                    upsert_medium(connection, capture, decoders.fingerprint(content), len(content))
                elif capture.url == POST:
                    gone_page = Classification(Outcome.UNREACHABLE, "404")
                    upsert_outcome(connection, capture.id, "test-1", gone_page)


def post(number: int, night: int) -> TelegramPost:
    """The post as it stood on that night."""
    plain = TelegramPost(
        url=f"https://t.me/kanal/{number}",
        channel="kanal",
        channel_id=-100,
        post_id=number,
        published_at=NIGHT - timedelta(days=40 - number),
        text=f"Post {number}.",
    )
    if number != 15:
        return plain
    photo = Medium(kind="photo", url=PHOTO)
    return replace(plain, text=f"Convoy at the bridge, wording {night}.", media=(photo,))
