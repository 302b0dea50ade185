"""What is withdrawn is gone from every route, command and export, and its place says so; also after a rebuild."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, select, text, update
from typer.testing import CliRunner

from access.app import create_app
from access.views.captures import one_capture
from access.views.media import one_medium
from access.views.search import found as search
from access.views.search import one_record
from pipeline.cli import app as commands
from pipeline.collect.waiting import archive_urls
from pipeline.config.settings import Settings, variable
from pipeline.process.rebuild import rebuild
from storage.access_labels import Role
from storage.archive import Archive
from storage.capture_index.rows import index_rows, labels_there
from storage.catalogue.captures import Capture, captures_of_crawl
from storage.catalogue.records import records_of_capture
from storage.catalogue.tables import captures, occurrences, sightings, source_changes
from storage.integrity.verification import expected_of_archive, verify_all
from storage.integrity.withdrawal import (
    WithdrawalError,
    confirm,
    decline,
    propose_restoration,
    propose_withdrawal,
    quarantine,
)
from storage.ledger.custody import entries
from storage.ledger.tables import withdrawals
from storage.ledger.withdrawals import open_proposals
from storage.search_index.question import SearchQuery
from tests.pipeline.collect.test_confidential_requests import (
    COURT,
    FRONT,
    OUTSIDE,
    Secret,
    answers,
    collecting,
    opened,
    viewer_of_headers,
)

__all__ = ["collecting", "opened"]  # fixtures

BASIS = "Пастанова № 5"
REASON = "асабовыя даныя"


@pytest.fixture
def shown(collecting: Settings, opened: Archive) -> list[Capture]:
    """Captures of two pages that every reader sees, with their records and media."""
    done = archive_urls(collecting, (COURT, FRONT), actor="ala")
    with opened.reader.connect() as connection:
        return [each for one in done for each in captures_of_crawl(connection, one.crawl_id)]


def withdraw(archive: Archive, name: str) -> None:
    proposal = propose_withdrawal(archive, name, actor="ala", reason=REASON, basis=BASIS, second="kust")
    confirm(archive, proposal.seq, actor="kust")


def hidden_ids(archive: Archive) -> dict[str, str]:
    query = select(captures.c.id, captures.c.access_label).where(captures.c.access_label != "default")
    with archive.reader.connect() as connection:
        return {row.id: row.access_label for row in connection.execute(query)}


@pytest.mark.timeout(900)
def test_no_route_tells_a_word_of_what_was_withdrawn_but_its_place(
    opened: Archive, shown: list[Capture], monkeypatch: pytest.MonkeyPatch, collecting: Settings
) -> None:
    (court,) = [each for each in shown if each.url == COURT and each.record_type == "response"]
    with opened.reader.connect() as connection:
        seen = list(records_of_capture(connection, court.id))
        (medium, of_medium) = connection.execute(
            select(occurrences.c.sha256, occurrences.c.capture_id).order_by(occurrences.c.sha256).limit(1)
        ).one()
    records = [seen[0].record_id, seen[-1].record_id]
    assert one_capture(opened, court.id) is not None
    assert one_record(opened, records[0]) is not None
    assert one_medium(opened, medium) is not None
    with TestClient(create_app(lambda: opened, viewer_of_headers), headers={**OUTSIDE}) as client:
        before = client.get("/search", params={"kind": seen[0].kind}).text + client.get("/media").text
    assert records[0] in before
    assert medium in before

    withdraw(opened, court.id)
    withdraw(opened, medium)

    words = (court.id, *records, medium, of_medium)
    ids = {
        "capture_id": [court.id, of_medium],
        "record_id": records,
        "sha256": [medium],
        "repeat_id": ["01KB8Z0000000000000000000A"],
        "request_id": ["none"],
        "package_id": ["01KB8Z0000000000000000000A"],
        "name": ["archive.css"],
        "source_id": ["on-demand"],
        "token_id": ["none"],
        "url": [COURT],
        "digits": ["20261123201507"],
        "form": ["json", "cdxj", "link"],
    }
    secret = Secret(create_app(lambda: opened, viewer_of_headers), "none", ids, words)
    told = []
    for asked, answer in answers(secret, {**OUTSIDE, "X-User": "ala", "X-Role": str(int(Role.ADMINISTRATOR))}):
        if asked.startswith(("/accesses", "/api/accesses")):
            continue  # custodians see by its id what was looked at, and no word of it
        told += [(asked, word) for word in words if word not in asked and word.encode() in answer]
    assert told == []

    with TestClient(secret.app, headers={**OUTSIDE, "Accept-Language": "en"}) as client:
        for address in (f"/capture/{court.id}", f"/record/{records[0]}", f"/medium/{medium}", f"/view/{court.id}"):
            place = client.get(address)
            assert (place.status_code, BASIS in place.text, REASON in place.text) == (410, True, False), address
            assert "Before, it was visible to every reader." in place.text
        assert client.get(f"/api/capture/{court.id}/raw").status_code == 410
        assert BASIS in client.get(f"/api/record/{records[0]}").json()["detail"]
        assert client.get("/capture/urn:uuid:none").status_code == 404

    # for commands, which have the database's account, as well
    for name, value in vars(collecting).items():
        if value is not None and name.startswith(("data", "s3_", "lock_", "sealing_")):
            monkeypatch.setenv(variable(name), str(value))
    for name in (court.id, records[0], medium):
        ran = CliRunner().invoke(commands, ["show", name])
        assert (ran.exit_code, BASIS in ran.stderr) == (1, True), ran.stderr
    assert court.id not in CliRunner().invoke(commands, ["captures", COURT, "--json"]).stdout
    found = search(opened, SearchQuery(kind=(seen[0].kind, "article"))).rows
    assert {row["record_id"] for row in found} & set(records) == set()
    with opened.reader.connect() as connection:
        rows = list(index_rows(connection, None))
        assert labels_there(connection) == {"default"}
        assert {court.id, of_medium} & {value for row in rows for value in row.values} == set()
    with create_engine(str(collecting.database_url)).connect() as connection:
        for view in ("captures", "sightings", "records", "versions", "media", "occurrences"):
            content = str(connection.execute(text(f"SELECT * FROM archive.{view}")).all())
            assert [word for word in words if word in content] == [], view

    # the entry stays, and what verify compares is right
    with opened.reader.connect() as connection:
        assert [entry.event for entry in entries(connection, subject_id=court.id)] == [
            "withdrawal_proposed",
            "withdrawn",
        ]
    hidden = hidden_ids(opened)
    assert hidden[court.id] == hidden[of_medium] == "withdrawn"

    assert [mismatch for each in verify_all(expected_of_archive(opened)) for mismatch in each.problems] == []
    with opened.writer.begin() as connection:
        connection.execute(update(captures).where(captures.c.url == FRONT).values(access_label="withdrawn"))
    wrong = [mismatch for each in verify_all(expected_of_archive(opened)) for mismatch in each.problems]
    assert {(each.expected, each.found) for each in wrong} == {("default", "withdrawn")}, "a label is no cover"

    # the store alone says it again
    rebuild(opened)
    assert hidden_ids(opened) == hidden
    assert one_capture(opened, court.id) is None

    # purged, its place says so, and custodians see what is still to be done
    ran = CliRunner().invoke(commands, ["purge", court.id, "--reason", "r", "--basis", BASIS, "--second", "kust"])
    assert (ran.exit_code, "1 capture out of 1 file" in ran.stderr) == (0, True), ran.stderr
    with opened.reader.connect() as connection:
        (proposal,) = open_proposals(connection)
    confirm(opened, proposal.seq, actor="kust")
    ran = CliRunner().invoke(commands, ["purges", "--run", "--json"])
    (row,) = map(json.loads, ran.stdout.splitlines())
    assert (ran.exit_code, row["state"], court.id in row["captures"], row["waiting"]) == (0, "due", True, [])
    custodian = {**OUTSIDE, "Accept-Language": "en", "X-User": "kust", "X-Role": str(int(Role.CUSTODIAN))}
    with TestClient(create_app(lambda: opened, viewer_of_headers), headers=custodian) as client:
        place = client.get(f"/capture/{court.id}")
        assert (place.status_code, BASIS in place.text, "was purged on" in place.text) == (410, True, True)
        page = client.get("/withdrawals").text
        assert court.id in page and "The old file is still in the primary store." in page
    ran = CliRunner().invoke(commands, ["show", court.id])
    assert (ran.exit_code, "was purged on" in ran.stderr) == (1, True)


def test_it_takes_two_people_and_one_may_hide_at_once(opened: Archive, shown: list[Capture]) -> None:
    (front,) = [each for each in shown if each.url == FRONT and each.record_type == "response"]
    proposal = propose_withdrawal(opened, front.id, actor="ala", reason=REASON, basis=BASIS, second="kust")
    assert hidden_ids(opened) == {}, "a proposal hides nothing"
    refusals: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: confirm(opened, proposal.seq, actor="ala"), "your own"),
        (lambda: confirm(opened, proposal.seq, actor="celina"), "somebody else"),
        (lambda: confirm(opened, proposal.seq + 1000, actor="kust"), "found none of this number"),
        (lambda: decline(opened, proposal.seq, actor="celina"), "two other people"),
        (
            lambda: propose_withdrawal(opened, front.id, actor="ala", reason="r", basis="b", second=" Ala "),
            "The second person is the first",
        ),
        (
            lambda: propose_withdrawal(opened, front.id, actor="ala", reason="r", basis=" ", second="kust"),
            "legal basis",
        ),
        (
            lambda: propose_withdrawal(opened, front.id, actor="basia", reason="r", basis="b", second="kust"),
            "is open already",
        ),
        (lambda: propose_restoration(opened, front.id, actor="ala", reason="r", second="kust"), "withdrawn or"),
        (lambda: quarantine(opened, "urn:uuid:none", actor="ala", reason="r"), "found nothing of this name"),
        (lambda: quarantine(opened, front.id, actor="ala", reason="a\nb"), "on one line"),
    )
    for refused, words in refusals:
        with pytest.raises(WithdrawalError, match=words):
            refused()
    decline(opened, proposal.seq, actor="kust")
    with pytest.raises(WithdrawalError, match="decided before"):
        confirm(opened, proposal.seq, actor="kust")

    quarantine(opened, front.id, actor="celina", reason="адрас")
    assert hidden_ids(opened)[front.id] == "quarantined"
    with pytest.raises(WithdrawalError, match="already"):
        quarantine(opened, front.id, actor="celina", reason="адрас")
    withdraw(opened, front.id)
    assert set(hidden_ids(opened).values()) == {"withdrawn"}
    given_back = propose_restoration(opened, front.id, actor="ala", reason="памылка", second="kust")
    assert hidden_ids(opened)[front.id] == "withdrawn"
    confirm(opened, given_back.seq, actor="kust")
    assert hidden_ids(opened) == {}
    assert one_capture(opened, front.id) is not None
    with opened.reader.connect() as connection:
        events = [entry.event for entry in entries(connection, subject_id=front.id)]
        kept = connection.execute(select(withdrawals.c.event, withdrawals.c.reason)).all()
    assert events == [
        "withdrawal_proposed",
        "proposal_declined",
        "quarantined",
        "withdrawal_proposed",
        "withdrawn",
        "restoration_proposed",
        "restored",
    ]
    assert ("quarantined", "адрас") in [tuple(row) for row in kept]


def test_a_record_goes_with_every_capture_that_showed_it_and_again_when_it_comes_again(
    collecting: Settings, opened: Archive, shown: list[Capture]
) -> None:
    with opened.reader.connect() as connection:
        record_id = connection.scalar(select(sightings.c.record_id).order_by(sightings.c.record_id).limit(1))
        showed = set(connection.scalars(select(sightings.c.capture_id).where(sightings.c.record_id == record_id)))
        url = connection.scalar(select(captures.c.url).where(captures.c.id.in_(showed)))
    withdraw(opened, str(record_id))
    assert showed <= set(hidden_ids(opened))
    archive_urls(collecting, (str(url),), actor="ala")
    with opened.reader.connect() as connection:
        again = set(connection.scalars(select(sightings.c.capture_id).where(sightings.c.record_id == record_id)))
        labels = set(
            connection.scalars(select(sightings.c.access_label).where(sightings.c.record_id == record_id))
        )
        assert (
            connection.execute(select(source_changes).where(source_changes.c.record_id == record_id)).all() == []
        )
    assert showed < again <= set(hidden_ids(opened))
    assert labels == {"withdrawn"}
    assert one_record(opened, str(record_id)) is None


def test_pages_take_a_quarantine_of_a_collector_and_a_withdrawal_of_two_custodians(
    opened: Archive, shown: list[Capture]
) -> None:
    (front,) = [each for each in shown if each.url == FRONT and each.record_type == "response"]
    app = create_app(lambda: opened, viewer_of_headers)
    custodian = {**OUTSIDE, "X-Role": str(int(Role.CUSTODIAN))}
    asked = {"action": "withdraw", "name": front.id, "reason": REASON, "basis": BASIS, "second": "kust"}
    with TestClient(app, headers=OUTSIDE, follow_redirects=False) as client:
        assert 'action="/quarantine"' in client.get(f"/capture/{front.id}").text
        hide = {"action": "quarantine", "name": front.id, "reason": "адрас"}
        assert client.post("/quarantine", data=hide, headers={"X-Role": "1"}).status_code == 403
        assert client.post("/quarantine", data=hide, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert client.post("/quarantine", data={**hide, "action": ""}).status_code == 422
        done = client.post("/quarantine", data=hide)
        assert (done.status_code, done.headers["location"]) == (303, f"/capture/{quote(front.id, safe='')}")
        assert "адрас" in client.get("/withdrawals", headers={**custodian, "X-User": "basia"}).text
        assert "was quarantined on" in client.get(f"/capture/{front.id}", headers={"Accept-Language": "en"}).text
        assert client.post("/withdrawals", data=asked).status_code == 403
        ala, kust = {**custodian, "X-User": "ala"}, {**custodian, "X-User": "kust"}
        assert client.post("/withdrawals", data=asked, headers=ala).status_code == 303
        assert REASON not in client.get("/withdrawals", headers={**custodian, "X-User": "basia"}).text
        page = client.get("/withdrawals", headers=kust).text
        number = page.partition('name="proposal" value="')[2].partition('"')[0]
        assert REASON in page
        decided = {"action": "confirm", "proposal": number}
        assert client.post("/withdrawals", data=decided, headers=ala).status_code == 422
        assert client.post("/withdrawals", data=decided, headers=kust).status_code == 303
        assert client.post("/withdrawals", data={**decided, "proposal": "x"}, headers=kust).status_code == 422
        assert front.id not in client.get("/withdrawals", headers=kust).text
        assert BASIS in client.get(f"/capture/{front.id}").text
