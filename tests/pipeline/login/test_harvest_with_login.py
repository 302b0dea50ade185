"""From a login at a site's form to the deposited snapshot: what store and custody hold of it."""

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.model.login import LoginSign
from pipeline.chromium import find_chromium
from pipeline.collect.harvest import harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.login.browser_login import Credentials, LoginBrowser, LoginForm, login_by_form
from pipeline.login.profiles import LoginProfile, ProfileError, ProfileStore
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.deposit.record_reader import read_record
from storage.ledger.custody import entries
from tests.pipeline.login.login_site import PASSWORD, USER, LoginSite, login_site

pytestmark = pytest.mark.browser

SIGN = LoginSign(selector="#logout")
FORM = LoginForm("input[name=user]", "input[name=password]", "button")


@pytest.fixture
def site() -> Iterator[LoginSite]:
    with login_site() as served:
        yield served


def write_watchlist(path: Path, site: LoginSite) -> None:
    path.write_text(
        "sources:\n"
        f'  - {{id: board, kind: page, pages: ["{site.url}/notices"], engine: browser, profile: board, '
        "follow: nothing, robots: ignore, delay_s: 0.01}\n",
        "utf-8",
    )


def stored_bytes(archive: Archive) -> bytes:
    """Every byte that the store holds, packed and unpacked."""
    found = []
    for each in archive.objects.list():
        content = archive.objects.read(each.key, each.version_id)
        found += [content, gzip.decompress(content) if content.startswith(b"\x1f\x8b") else b""]
    return b"".join(found)


def test_a_page_behind_a_login_is_deposited_without_a_secret_and_custody_names_the_identity(
    stored_settings: Settings, site: LoginSite, tmp_path: Path
) -> None:
    found = find_chromium(stored_settings.chromium)
    assert found is not None
    watchlist = tmp_path / "watchlist.yaml"
    write_watchlist(watchlist, site)
    settings = replace(stored_settings, watchlist=watchlist, allow_addresses=("127.0.0.0/8",))
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        with pytest.raises(ProfileError, match="Login profile board: expected"):
            harvest_source(settings, "board")
        browser, typed = LoginBrowser(found.program, settings.user_agent), Credentials(USER, PASSWORD)
        seen = asyncio.run(login_by_form(browser, f"{site.url}/login", SIGN, FORM, typed))
        made = (datetime.now(UTC), "ann", None)
        profile = LoginProfile("board", "Rehearsal 3", f"{site.url}/login", SIGN, seen.url, *made, seen.state)
        ProfileStore(settings.login_folder, settings.login_keys_file).write(profile)

        result = harvest_source(settings, "board")
        process_pending(archive)

        assert result.problem is None
        with archive.reader.connect() as connection:
            captures = list(captures_of_crawl(connection, result.report.crawl_id))
            started = next(each for each in entries(connection) if each.event == "collection_started")
        page = next(each for each in captures if each.url == f"{site.url}/notices" and each.status == 200)
        block = read_record(archive, page).block
        assert b"Only for readers of the notice board" in block
        assert b"Set-Cookie: *" in block
        assert started.details["facts"]["virtual_identity"]["value"] == "Rehearsal 3"
        held = stored_bytes(archive)
    assert [each for each in (*site.secrets(), b"Rehearsal 3") if each in held] == []
