"""What a browser requested, compared with what the recorder kept: an outcome for each resource."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.model.capture import Rendering, RenderingKind
from crawlers.model.exchange import Truncation
from crawlers.recorder.page_accounts import PageAccounts
from tests.crawlers.recorder.running_recorder import KeptInMemory
from tests.storage.crawled_files import exchange, no_answer, response

PAGE = "https://vesnik.example/"
AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def browser_request(url: str, **known: Any) -> dict[str, Any]:
    row = {"method": "GET", "url": url, "type": "image", "status": 200, "mime": "image/png"}
    return row | {"error": None, "inside": None, "finished": True} | known


def info(*requests: dict[str, Any]) -> Rendering:
    row = {"pageid": "1", "url": PAGE, "counts": {"jsErrors": 2}, "requests": requests}
    content = json.dumps(row).encode()
    return Rendering("1", PAGE, RenderingKind.PAGEINFO, "application/json", content, AT, "Chromium 1")


def completed(kept: KeptInMemory) -> dict[str, Any]:
    last = kept.items[-1]
    assert isinstance(last, Rendering)
    row: dict[str, Any] = json.loads(last.content)
    return row


def test_each_resource_has_an_outcome_and_the_reason() -> None:
    kept = KeptInMemory()
    accounts = PageAccounts(kept)
    accounts.keep(exchange(PAGE, response(b"<p>")))
    accounts.keep(replace(exchange(f"{PAGE}film", response(b"...")), truncated=Truncation.LENGTH))
    accounts.keep(no_answer(f"{PAGE}gone"))
    accounts.keep(exchange(f"{PAGE}of-another-page", response(b""), page_id="2"))
    accounts.keep(exchange(f"{PAGE}icon", response(b"i", status="404 Not Found")))
    accounts.keep(
        info(
            browser_request(PAGE, type="document", mime="text/html"),
            browser_request(PAGE, type="document", mime="text/html"),
            browser_request(f"{PAGE}film"),
            browser_request(f"{PAGE}gone", status=None, mime=None, error="net::ERR_EMPTY_RESPONSE"),
            browser_request(f"{PAGE}of-another-page"),
            browser_request(f"{PAGE}stream", finished=False),
            browser_request(f"{PAGE}blocked", status=None, mime=None, error="csp"),
            browser_request(
                "http://vesnik.example/", status=307, inside="redirected by the browser itself (HSTS)"
            ),
        )
    )
    row = completed(kept)
    assert [(each["url"].removeprefix(PAGE), each["outcome"], each["reason"]) for each in row["resources"]] == [
        ("", "recorded", None),
        ("film", "cut", "the response was cut: length"),
        ("gone", "no_response", "the connection was refused"),
        ("of-another-page", "unrecorded", "the browser has a response that the recorder did not see"),
        ("stream", "unfinished", "the response had not come to its end when the page was left"),
        ("blocked", "failed", "the request failed in the browser: csp"),
        ("http://vesnik.example/", "inside", "redirected by the browser itself (HSTS)"),
    ]
    assert row["counts"] == {"jsErrors": 2, "resources": 6, "recorded": 1, "unlisted": 1}
    assert row["unlisted"] == [{"method": "GET", "url": f"{PAGE}icon", "status": 404}]
    assert row["resources"][0]["times"] == 2
    assert row["urls"][f"{PAGE}blocked"] == {"status": 0, "type": "image", "error": "csp"}


def test_an_address_that_was_requested_by_two_methods_is_two_resources() -> None:
    kept = KeptInMemory()
    accounts = PageAccounts(kept)
    accounts.keep(exchange(PAGE, response(b"<p>")))
    accounts.keep(
        info(browser_request(PAGE), browser_request(PAGE, method="POST", status=None, error="net::ERR_FAILED"))
    )
    assert [(each["method"], each["outcome"]) for each in completed(kept)["resources"]] == [
        ("GET", "recorded"),
        ("POST", "failed"),
    ]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"requests": 3, "counts": {}}', b'{"counts": {}, "requests": [{}]}']
)
def test_what_has_another_form_is_kept_as_it_came(content: bytes) -> None:
    kept = KeptInMemory()
    item = replace(info(), content=content)
    PageAccounts(kept).keep(item)
    assert kept.items == [item]
