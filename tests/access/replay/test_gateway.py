"""The replay host: what a capability shows, and what nothing shows."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from access.replay.capability import CapabilityRefused, CapabilitySeal, ReplayCapability
from access.replay.index_lines import replay_path
from pipeline.config.archive_factory import open_removers
from pipeline.config.settings import Settings
from storage.access_labels import Role, Viewer
from storage.integrity.purge import tend_purges
from storage.integrity.withdrawal import confirm, propose_restoration, propose_withdrawal
from storage.ledger.access_log import accesses_of
from storage.ledger.memberships import add_member, remove_member
from tests.access.replay.conftest import CLOSED, Replayed
from tests.storage.integrity.purged_archive import order_purge

HOME = "http://victim.test/"


def test_a_page_is_shown_with_what_its_crawl_captured(replayed: Replayed) -> None:
    address = replayed.address(HOME)
    page = replayed.get(address)
    assert page.status_code == 200
    base = address[: address.index("mp_/")]
    assert f'src="{base}im_/https://img.leak.test/i.png"' in page.text
    picture = replayed.get(f"{base}im_/http://victim.test/pixel.png", Sec_Fetch_Dest="image")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")


def test_no_header_of_the_archived_answer_gets_through_that_could_lead_out(replayed: Replayed) -> None:
    page = replayed.get(replayed.address(HOME))
    assert page.headers["connection-allowlist"] == "(response-origin)"
    assert "sandbox; default-src 'none'; script-src 'none'" in page.headers["content-security-policy"]
    assert "leak.test" not in str(page.headers)
    assert set(page.headers) == {
        "access-control-allow-origin",
        "cache-control",
        "connection-allowlist",
        "content-length",
        "content-security-policy",
        "content-type",
        "date",
        "memento-datetime",
        "permissions-policy",
        "referrer-policy",
        "x-content-type-options",
        "x-dns-prefetch-control",
    }


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/refused", 403, "Доступ закрыты"), ("/gone", 404, "nothing here")],
)
def test_a_refusal_is_shown_as_what_it_was(replayed: Replayed, path: str, status: int, words: str) -> None:
    page = replayed.get(replayed.address(f"http://victim.test{path}"))
    assert page.status_code == status
    assert words in page.text


def test_a_redirect_is_shown_as_one_and_leads_no_further_than_the_replay_host(replayed: Replayed) -> None:
    moved = replayed.get(replayed.address("http://victim.test/moved"))
    (target,) = re.findall(r'href="([^"]+)"', moved.text)
    assert target.startswith(f"{replayed.door.url}/")
    assert "Доступ закрыты" in replayed.get(target).text
    (target,) = re.findall(r'href="([^"]+)"', replayed.get(replayed.address("http://victim.test/away")).text)
    assert target.startswith(f"{replayed.door.url}/")
    lost = replayed.get(target)
    assert lost.status_code == 404
    assert "was not captured together with this page" in lost.text
    assert "<a " not in lost.text


def test_markup_in_an_encoding_that_pywb_does_not_read_is_rewritten_all_the_same(replayed: Replayed) -> None:
    page = replayed.get(replayed.address("http://victim.test/wide"))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "шырока" in page.text
    assert 'href="https://widelink.leak.test' not in page.text


def test_a_picture_with_links_is_shown_as_text_where_it_would_be_a_page(replayed: Replayed) -> None:
    address = replayed.address("http://victim.test/picture.svg")
    assert replayed.get(address).headers["content-type"] == "text/plain; charset=utf-8"
    assert replayed.get(address, Sec_Fetch_Dest="image").headers["content-type"] == "image/svg+xml"


def test_a_capability_opens_its_own_crawl_and_no_other(replayed: Replayed) -> None:
    address = replayed.address(HOME)
    base = address[: address.index("mp_/")]
    other = replayed.get(f"{base}mp_/http://secret.test/")
    assert other.status_code == 404
    assert "secret of another crawl" not in other.text
    assert "a secret of another crawl" in replayed.get(replayed.address("http://secret.test/")).text


def test_a_view_ends_and_an_altered_address_opens_nothing(replayed: Replayed) -> None:
    address = replayed.address(HOME)
    text = address.split("/")[3]
    for broken in (text[:-1] + ("A" if text[-1] != "A" else "B"), "A" * len(text), text[:80]):
        assert replayed.get(address.replace(text, broken)).status_code == 403
    ended = replace(replayed.door.seal.open(text), expires_at=datetime.now(UTC) - timedelta(seconds=1))
    answer = replayed.get(address.replace(text, replayed.door.seal.seal(ended)))
    assert answer.status_code == 403
    assert "This view has ended" in answer.text


def test_a_capability_says_nothing_to_who_reads_it_and_all_to_its_key() -> None:
    seal = CapabilitySeal(b"k" * 32)
    until = datetime(2026, 11, 29, 21, tzinfo=UTC)
    capability = ReplayCapability(
        Viewer("ала", Role.READER), "crawl", "urn:uuid:1", until, "https://archive.example"
    )
    text = seal.seal(capability)
    assert "ала" not in text
    assert seal.seal(capability) != text
    assert seal.open(text, now=until - timedelta(seconds=1)) == capability
    with pytest.raises(CapabilityRefused):
        seal.open(text, now=until)
    with pytest.raises(CapabilityRefused):
        CapabilitySeal(b"l" * 32).open(text, now=until - timedelta(seconds=1))


def test_who_is_no_member_any_more_sees_nothing_more_of_what_they_had_open(replayed: Replayed) -> None:
    viewer = Viewer("ала", Role.READER)
    address = replayed.address("http://closed.test/", viewer)
    assert replayed.get(address).status_code == 404
    add_member(replayed.archive, viewer.name, actor="kust", label=CLOSED)
    assert "for members" in replayed.get(address).text
    remove_member(replayed.archive, viewer.name, actor="kust", label=CLOSED)
    assert "for members" not in replayed.get(address).text


def test_what_is_withdrawn_or_purged_is_shown_no_more_to_those_who_had_it_open(
    replayed: Replayed, replay_settings: Settings
) -> None:
    archive, url = replayed.archive, "http://gone.test/"
    address, words, name = replayed.address(url), "soon withdrawn", replayed.other[url].id
    assert words in replayed.get(address).text
    proposal = propose_withdrawal(
        archive, replayed.other[url].id, actor="ala", reason="r", basis="b", second="kust"
    )
    confirm(archive, proposal.seq, actor="kust")
    page = replayed.get(address)
    assert (page.status_code, words in page.text) == (404, False)
    back = propose_restoration(archive, name, actor="ala", reason="r", second="kust")
    confirm(archive, back.seq, actor="kust")
    assert words in replayed.get(address).text

    order_purge(archive, name)
    (done,) = tend_purges(archive, open_removers(replay_settings), actor="clock")
    assert done.waiting == ()
    page = replayed.get(address)
    assert (page.status_code, words in page.text) == (404, False)


def test_another_host_name_gets_nothing_so_no_cookie_of_airflow_comes_along(replayed: Replayed) -> None:
    address = replayed.address(HOME)
    port = address.split("/")[2].rpartition(":")[2]
    assert replayed.get(address.replace(address.split("/")[2], f"127.0.0.1:{port}")).status_code == 421


@pytest.mark.parametrize("word", ["id_", "bn_", "sw_", "", "vi_", "ir_"])
def test_no_word_of_pywb_shows_a_page_as_it_lies_in_the_archive(replayed: Replayed, word: str) -> None:
    address = replayed.address(HOME).replace("mp_/", f"{word}/")
    for destination in ("iframe", "empty"):
        page = replayed.get(address, Sec_Fetch_Dest=destination)
        assert 'href="https://link.leak.test' not in page.text
        assert "wombat.js" in page.text


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://victim.test", "http://victim.test/"),
        ("http://victim.test?a=1", "http://victim.test/?a=1"),
        ("https://victim.test/a#b", "https://victim.test/a%23b"),
    ],
)
def test_an_address_is_asked_for_as_pywb_keeps_it(replayed: Replayed, url: str, path: str) -> None:
    capture = replace(replayed.captures[HOME], url=url)
    assert replay_path(capture) == f"{capture.captured_at:%Y%m%d%H%M%S}mp_/{path}"


def test_what_was_shown_is_in_the_access_log_with_who_saw_it(replayed: Replayed) -> None:
    viewer = Viewer("чытачка", Role.READER)
    capture = replayed.captures["http://victim.test/refused"]
    replayed.get(replayed.address(capture.url, viewer))
    with replayed.archive.reader.connect() as connection:
        seen = [each for each in accesses_of(connection, capture.id) if each.actor == viewer.name]
    assert [(each.action, each.details) for each in seen] == [("replayed", {"scripts": False})]
