import re

import pytest
from sqlalchemy import select

from pipeline.process.rebuild import rebuild
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.archive import Archive
from storage.ledger.custody import entries
from storage.ledger.memberships import (
    Case,
    MembershipError,
    add_member,
    case_by_reference,
    cases_of,
    members_now,
    remove_member,
)
from storage.ledger.requests import RequestUnknownError, insert_request, request_by_id, requests_seen
from storage.ledger.tables import memberships, requests

CASE = "Справа 2026/17"


def seen_by(archive: Archive, viewer: Viewer) -> list[str]:
    with archive.reader.connect() as connection:
        return [request.urls[0] for request in requests_seen(connection, viewer=viewer, limit=10)]


def ask(archive: Archive, url: str, label: str) -> str:
    with archive.writer.begin() as connection:
        return insert_request(connection, actor="ala", urls=[url], access_label=label).id


def test_a_case_has_a_random_label_that_stays_the_same_and_never_names_it(archive: Archive) -> None:
    first = add_member(archive, "ala", actor="kust", case=CASE)
    second = add_member(archive, "basia", actor="kust", case=CASE)
    assert re.fullmatch(r"case-[0-9a-f]{16}", first.label)
    assert second.label == first.label
    with archive.reader.connect() as connection:
        assert case_by_reference(connection, CASE) == Case(CASE, first.label)
        assert cases_of(connection, "ala") == (Case(CASE, first.label),)
        assert cases_of(connection, "celina") == ()
        (one, two) = [entry for entry in entries(connection) if entry.event == "member_added"]
    assert (one.actor, dict(one.details)) == (
        "kust",
        {"member": "ala", "label": first.label, "case_reference": CASE},
    )
    for named in ("ala", CASE, first.label):
        assert named.encode() not in one.canonical(), "entries leave the house"
    assert two.seq == second.seq


def test_only_members_see_what_has_the_label_of_the_case_from_now_until_they_are_removed(archive: Archive) -> None:
    label = add_member(archive, "ala", actor="kust", case=CASE).label
    ask(archive, "https://open.example/", "default")
    secret = ask(archive, "https://secret.example/", label)
    everything = ["https://secret.example/", "https://open.example/"]
    assert seen_by(archive, Viewer("ala")) == everything
    assert seen_by(archive, EVERYONE) == everything
    assert seen_by(archive, Viewer("celina")) == ["https://open.example/"]
    with archive.reader.connect() as connection, pytest.raises(RequestUnknownError):
        request_by_id(connection, secret, viewer=Viewer("celina"))
    remove_member(archive, "ala", actor="kust", case=CASE)
    assert seen_by(archive, Viewer("ala")) == ["https://open.example/"]
    add_member(archive, "ala", actor="kust", case=CASE)
    assert seen_by(archive, Viewer("ala")) == everything


def test_a_label_of_the_watch_list_is_granted_by_itself(archive: Archive) -> None:
    ask(archive, "https://labelled.example/", "вузкае кола")
    assert seen_by(archive, Viewer("ala")) == []
    add_member(archive, "ala", actor="kust", label="вузкае кола")
    assert seen_by(archive, Viewer("ala")) == ["https://labelled.example/"]
    assert seen_by(archive, Viewer("Ala")) == [], "names are compared to the letter"


def test_what_is_so_already_is_not_written_again(archive: Archive) -> None:
    assert add_member(archive, "ala", actor="kust", case=CASE).seq is not None
    assert add_member(archive, "ala", actor="kust", case=CASE).seq is None
    assert remove_member(archive, "celina", actor="kust", case=CASE).seq is None
    with archive.reader.connect() as connection:
        assert [each.member for each in members_now(connection)] == ["ala"]
        assert len(connection.execute(select(memberships)).all()) == 1


@pytest.mark.parametrize(
    ("member", "named", "said"),
    [
        ("", {"case": CASE}, "the name of a person"),
        ("a\nb", {"case": CASE}, "the name of a person"),
        ("ala", {"case": " "}, "the reference of a case"),
        ("ala", {"label": "default"}, "Every reader sees"),
        ("ala", {}, "exactly one"),
        ("ala", {"case": CASE, "label": "x"}, "exactly one"),
    ],
)
def test_what_cannot_be_granted_is_refused_and_nothing_is_written(
    archive: Archive, member: str, named: dict[str, str], said: str
) -> None:
    with pytest.raises(MembershipError, match=said):
        add_member(archive, member, actor="kust", **named)
    with archive.reader.connect() as connection:
        assert entries(connection) == ()


def test_nobody_is_removed_from_a_case_that_is_not_there(archive: Archive) -> None:
    with pytest.raises(MembershipError, match="there is none"):
        remove_member(archive, "ala", actor="kust", case="няма такой")


def test_memberships_stay_what_they_are_when_the_catalogue_is_rebuilt(archive: Archive) -> None:
    add_member(archive, "ala", actor="kust", case=CASE)
    add_member(archive, "basia", actor="kust", case=CASE)
    remove_member(archive, "ala", actor="kust", case=CASE)
    with archive.reader.connect() as connection:
        before = connection.execute(select(memberships).order_by(memberships.c.custody_seq)).all()
    assert len(before) == 3
    rebuild(archive)
    with archive.reader.connect() as connection:
        assert connection.execute(select(memberships).order_by(memberships.c.custody_seq)).all() == before


def test_the_condition_stands_in_the_statement_itself() -> None:
    condition = str(visible_to(Viewer("ala"), requests.c.access_label))
    assert "ledger.members" in condition
