"""Repeats on pages and by the API: what they make is said before, who may, what is refused, the list, the end."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from crawlers.model.iso_time import time_text
from pipeline.collect.due_turns import make_due_turns
from storage.access_labels import EVERYONE
from storage.ledger.memberships import add_member
from storage.ledger.repeats import Repeat, repeats_seen
from storage.ledger.requests import insert_request, insert_result, requests_seen
from tests.access.test_archiving import OWN, PAGE, READER, ArchivingPages, pages

__all__ = ["pages"]

SOON = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()


def known(pages: ArchivingPages) -> tuple[Repeat, ...]:
    with pages.archive.reader.connect() as connection:
        return repeats_seen(connection, viewer=EVERYONE, limit=9)


def confirmed(html: str) -> str:
    return unescape(re.findall(r'name="confirmed" value="([^"]*)"', html)[0])


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", unescape(html)).split())


def begin(pages: ArchivingPages, **more: str) -> Repeat:
    fields = {"urls": PAGE, "every": "hour", "until": SOON, "confirmed": f"hour {SOON} 1", **more}
    answer = pages.client.post("/repeats", data=fields, headers=OWN)
    assert answer.status_code == 303, answer.text
    return known(pages)[0]


def test_how_many_captures_it_makes_is_said_before_anything_is_begun(pages: ArchivingPages) -> None:
    choice = {"urls": f"{PAGE}\nhttps://vesnik.example/2", "every": "day", "until": SOON, "reason": "<b>зніклі"}
    seen = pages.client.post("/repeats", data=choice, headers=OWN)
    assert "This makes 6 more captures. 3 times 2 addresses." in words(seen.text)
    assert known(pages) == ()
    answer = pages.client.post("/repeats", data={**choice, "confirmed": confirmed(seen.text)}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/repeats")
    (repeat,) = known(pages)
    assert (repeat.actor, repeat.reason, repeat.schedule.turns) == ("ala", "<b>зніклі", 3)
    changed = {**choice, "every": "hour", "confirmed": confirmed(seen.text)}
    again = pages.client.post("/repeats", data=changed, headers=OWN)
    assert "Begin the repeat" in again.text, "another choice is shown with its own number first"
    assert len(known(pages)) == 1


def test_the_form_of_archiving_archives_now_and_begins_the_repeat(pages: ArchivingPages) -> None:
    choice = {"urls": PAGE, "every": "week", "until": (datetime.now(UTC) + timedelta(days=20)).date().isoformat()}
    seen = pages.client.post("/archive", data=choice, headers=OWN)
    assert "This makes 2 more captures." in words(seen.text)
    assert pages.desk.started == []
    answer = pages.client.post("/archive", data={**choice, "confirmed": confirmed(seen.text)}, headers=OWN)
    assert answer.status_code == 303
    (request_id,) = pages.desk.started
    (repeat,) = known(pages)
    assert repeat.urls == (PAGE,)
    result = words(pages.client.get(f"/request/{request_id}", headers=OWN).text)
    assert "Archived again: every week" in result


def test_once_at_a_time_is_shown_with_that_time_and_begun(pages: ArchivingPages) -> None:
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT06:00")
    choice = {"urls": PAGE, "every": "once", "at": at, "until": SOON}
    seen = pages.client.post("/repeats", data=choice, headers=OWN)
    shown = at.replace("T", " ")
    assert f"This makes one more capture. It comes at {shown} UTC" in words(seen.text)
    assert f'value="{at}"' in seen.text
    answer = pages.client.post("/repeats", data={**choice, "confirmed": confirmed(seen.text)}, headers=OWN)
    assert answer.status_code == 303
    (repeat,) = known(pages)
    assert (repeat.schedule.turns, repeat.schedule.due_at(1).strftime("%Y-%m-%dT%H:%M")) == (1, at)
    assert f"How often once, at {shown} UTC" in words(pages.client.get("/repeats", headers=OWN).text)
    nothing = pages.client.post("/repeats", data={**choice, "at": ""}, headers=OWN)
    assert (nothing.status_code, len(known(pages))) == (422, 1)
    assert "Expected the time as" in unescape(nothing.text)
    body = {"urls": [PAGE], "every": "once", "until": at}
    assert pages.client.post("/api/repeats", json=body, headers=OWN).json()["first_due_at"] == f"{at}:00.000000Z"


def test_the_page_of_a_result_leads_to_the_form_filled_as_the_request_was(pages: ArchivingPages) -> None:
    add_member(pages.archive, "ala", actor="kust", case="K-1")
    asked = {"urls": PAGE, "engine": "browser", "video": "yes", "reason": "можа знікнуць", "case": "K-1"}
    pages.client.post("/requests", data={**asked, "confidential": "yes"}, headers=OWN)
    html = pages.client.get(f"/request/{pages.desk.started[0]}", headers=OWN).text
    (form,) = re.findall(
        r'<form class="archive-again" method="post" action="/repeats">.*?</form>', html, re.DOTALL
    )
    sent = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    assert sent == {**asked, "confidential": "yes"}
    filled = pages.client.post("/repeats", data=sent, headers=OWN).text
    assert "This makes 7 more captures." in words(filled)
    assert known(pages) == ()
    more = {"every": "day", "until": confirmed(filled).split()[1], "confirmed": confirmed(filled)}
    assert pages.client.post("/repeats", data={**sent, **more}, headers=OWN).status_code == 303
    (repeat,) = known(pages)
    assert (repeat.engine, repeat.video, repeat.case_reference, repeat.confidential) == (
        "browser",
        True,
        "K-1",
        True,
    )


def test_the_list_says_what_is_next_what_came_last_and_what_was_missed(pages: ArchivingPages) -> None:
    repeat = begin(pages)
    (turn,) = make_due_turns(pages.archive, now=repeat.schedule.due_at(3))
    with pages.archive.writer.begin() as connection:
        insert_result(connection, turn.request_id, 0, capture_id="urn:uuid:1", details={"outcome": "blocked"})
    (row,) = pages.client.get("/api/repeats", headers=OWN).json()["rows"]
    assert (row["state"], row["made"], row["missed"]) == ("at_work", 1, 0), "by the clock none was due"
    assert row["next_due_at"] == time_text(repeat.schedule.due_at(1))
    assert (row["last_turn"]["outcome"], row["last_turn"]["waiting"]) == ("blocked", 0)
    text = words(pages.client.get("/repeats", headers=OWN).text)
    assert "at work" in text
    assert "blocked" in text
    assert f"every hour, until the end of {SOON} (UTC)" in text
    of_turn = words(pages.client.get(f"/request/{turn.request_id}", headers=OWN).text)
    assert "This is one turn of a repeat: every hour" in of_turn


def test_a_repeat_is_stopped_by_a_button_once_and_for_all(pages: ArchivingPages) -> None:
    repeat = begin(pages)
    answer = pages.client.post(f"/repeats/{repeat.id}/stop", headers={**OWN, "X-User": "basia"})
    assert answer.status_code == 303
    text = words(pages.client.get("/repeats", headers=OWN).text)
    assert "Stop this repeat" not in text
    assert "basia" in text
    row = pages.client.post(f"/api/repeats/{repeat.id}/stop", headers=OWN).json()
    assert (row["state"], row["stopped_by"], row["next_due_at"]) == ("stopped", "basia", None)
    assert pages.client.post("/repeats/01JD5PZ4T2V8M6Q3R9S7W1X0YA/stop", headers=OWN).status_code == 404


def test_readers_and_other_sites_begin_and_stop_nothing(pages: ArchivingPages) -> None:
    repeat = begin(pages)
    fields = {"urls": PAGE, "every": "hour", "until": SOON, "confirmed": f"hour {SOON} 1"}
    for headers in (READER, {"X-User": "ala"}, {**OWN, "Sec-Fetch-Site": "cross-site"}):
        for path in ("/repeats", f"/repeats/{repeat.id}/stop", f"/api/repeats/{repeat.id}/stop"):
            assert pages.client.post(path, data=fields, headers=headers).status_code == 403
        assert pages.client.post("/api/repeats", json=fields, headers=headers).status_code == 403
    assert known(pages) == (repeat,)
    html = pages.client.get("/repeats", headers=READER).text
    assert "Stop this repeat" not in html
    assert "Watch a page" not in html


def test_a_confidential_repeat_is_found_by_the_members_of_its_case_alone(pages: ArchivingPages) -> None:
    add_member(pages.archive, "ala", actor="kust", case="K-1")
    repeat = begin(pages, case="K-1", confidential="yes")
    other = {**OWN, "X-User": "basia"}
    assert PAGE.rpartition("/")[2] not in pages.client.get("/repeats", headers=other).text
    assert pages.client.get("/api/repeats", headers=other).json()["rows"] == []
    assert pages.client.post(f"/repeats/{repeat.id}/stop", headers=other).status_code == 404
    with pages.archive.writer.begin() as connection:
        openly = insert_request(connection, actor="basia", urls=[PAGE]).id
    assert "Archived again" not in pages.client.get(f"/request/{openly}", headers=other).text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("urls", "ftp://x.example/", "it must begin with http:// or https://"),
        ("every", "1m", "The shortest interval is 15 minutes"),
        ("until", "someday", "Expected the last day as 2026-12-05"),
        ("until", "1999-01-01", "choose a later day"),
        ("egress", "moon", "moon"),
        ("case", "K-99", "no case"),
    ],
)
def test_what_cannot_be_is_refused_in_words_with_what_was_typed(
    pages: ArchivingPages, field: str, value: str, sentence: str
) -> None:
    fields = {"urls": PAGE, "every": "hour", "until": SOON, "confirmed": f"hour {SOON} 1", "confidential": ""}
    fields |= {field: value, "confidential": "yes" if field == "case" else ""}
    answer = pages.client.post("/repeats", data=fields, headers=OWN)
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert known(pages) == ()
    with pages.archive.reader.connect() as connection:
        assert requests_seen(connection, viewer=EVERYONE, limit=9) == ()


def test_a_program_begins_a_repeat_and_is_refused_in_words(pages: ArchivingPages) -> None:
    body = {"urls": [PAGE], "every": "6h", "until": SOON, "reason": "r"}
    answer = pages.client.post("/api/repeats", json=body, headers=OWN)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["every_s"], answer.json()["reason"]) == (21600, "r")
    wrongs: tuple[object, ...] = (
        {"urls": [PAGE]},
        {**body, "every": 6},
        {**body, "every": "1m"},
        {**body, "more": 1},
        [],
    )
    for wrong in wrongs:
        refused = pages.client.post("/api/repeats", json=wrong, headers=OWN)
        assert refused.status_code == 422, wrong
    assert len(known(pages)) == 1


def test_lines_that_are_no_address_are_named_and_the_repeat_has_the_others(pages: ArchivingPages) -> None:
    choice = {"urls": f"{PAGE}\nnot one", "every": "day", "until": SOON}
    first = pages.client.post("/repeats", data=choice, headers=OWN).text
    assert "One line is no address" in first
    assert "<bdi>not one</bdi>" in first
    (left_out,) = re.findall(r'name="left_out" value="([^"]+)"', first)
    sent = choice | {"confirmed": confirmed(first)}
    assert "One line is no address" in pages.client.post("/repeats", data=sent, headers=OWN).text
    assert known(pages) == (), "nothing is begun before the sender has seen what is left out"
    assert pages.client.post("/repeats", data=sent | {"left_out": left_out}, headers=OWN).status_code == 303
    (begun,) = known(pages)
    assert begun.urls == (PAGE,)

    body = {"urls": [PAGE, "mailto:x"], "every": "6h", "until": SOON}
    answer = pages.client.post("/api/repeats", json=body, headers=OWN)
    assert answer.status_code == 201, answer.text
    assert answer.json()["urls"] == [PAGE]
    assert [(each["line"], each["text"]) for each in answer.json()["refused"]] == [(2, "mailto:x")]
