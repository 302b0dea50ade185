"""A channel that cannot be read is red on its first night already, with a sentence, and never a quiet channel."""

from dataclasses import replace
from pathlib import Path

from pipeline.collect.harvest import harvest_batch
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.process.run import process_pending
from samples.messages import Response, redirect
from samples.sites import SampleSites
from storage.queries.unavailable_posts import withheld_posts
from tests.processors.pages.page_cases import FIXTURES

SAID = {
    "captcha": "challenge: the page asks whether the visitor is a person",
    "all_renamed": "no markup of Telegram's preview on this page: not understood",
    "posts_renamed": "the channel page shows something where its posts stand, and none of it can be read",
    "parts_renamed": "none of 15 posts has text, media or a poll: a layout not understood",
    "empty": "empty: the channel page shows no post at this place",
    "went_private": "no channel, group or person of this name is shown",
    "no_preview": "has no public preview",
    "hidden_numbers": "a group or a channel that hides its numbers, without a public preview",
    "restricted": "restricted: Telegram says",
}
"""What is said of each; none of these sources declares what to expect, and none was seen before."""

PAGES = {
    "captcha": "telegram-captcha-with-status-200",
    "all_renamed": "telegram-layout-broken-all-classes-renamed",
    "posts_renamed": "telegram-layout-broken-messages-renamed",
    "empty": "telegram-before-the-first-post",
}
CARDS = {
    "went_private": "telegram-card-of-nobody",
    "no_preview": "telegram-card-of-a-channel-without-preview",
    "hidden_numbers": "telegram-card-that-hides-its-numbers",
    "restricted": "telegram-card-of-a-restricted-channel",
}


def stored(case: str) -> Response:
    return Response(body=(FIXTURES / case / "page.html").read_bytes(), content_type="text/html; charset=utf-8")


def test_what_cannot_be_read_is_red_with_a_sentence_and_closed_doors_are_owed(
    stored_settings: Settings, tmp_path: Path
) -> None:
    extra = {("t.me", f"/s/{name}"): stored(case) for name, case in PAGES.items()}
    whole = stored("telegram-channel-2026-all-forms")
    bare = whole.body.replace(b"tgme_widget_message_", b"tgme_part_")
    extra["t.me", "/s/parts_renamed"] = Response(body=bare, content_type=whole.content_type)
    for name, case in CARDS.items():
        extra |= {("t.me", f"/s/{name}"): redirect(f"https://t.me/{name}"), ("t.me", f"/{name}"): stored(case)}
    listed = "".join(f"  - {{id: {name}, kind: telegram, channel: {name}}}\n" for name in SAID)
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(f"defaults: {{delay_s: 0.01, limits: {{pages: 5, seconds: 60}}}}\nsources:\n{listed}")
    with SampleSites(extra=extra) as sites:
        settings = replace(
            stored_settings,
            watchlist=watchlist,
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
        )
        with opened_archive(settings) as archive:
            archive.objects.ensure_bucket()
            results = {result.report.source: result for result in harvest_batch(settings, tuple(SAID)).results}
            process_pending(archive)
            with archive.reader.connect() as connection:
                owed = {each.source_id for each in withheld_posts(connection)}
    wrong = {
        name: results[name].problem for name, said in SAID.items() if said not in (results[name].problem or "")
    }
    assert wrong == {}
    assert owed == {"no_preview", "hidden_numbers", "restricted", "parts_renamed"}
