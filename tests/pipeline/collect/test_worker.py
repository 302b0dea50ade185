"""Workers as processes: what they do, what a kill leaves, and that nothing outlives its lease."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipeline.collect.archived import Archived
from pipeline.collect.lease import held_lease
from pipeline.collect.on_demand import MOST_ATTEMPTS, WorkerStopped, work_on
from pipeline.collect.waiting import BrokenOffError, SomeBrokeOffError, accept_request, archive_one, archive_urls
from pipeline.collect.worker import Worked, WorkState, run_worker
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings
from pipeline.supervise.processes import is_alive
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id, captures_of_crawl
from storage.deposit.deposited import keys_of_crawl
from storage.ledger.custody import entries
from storage.ledger.memberships import add_member
from storage.ledger.requests import RequestResult, results_of_request
from storage.work_queue.claims import (
    LeaseLostError,
    Order,
    beat,
    claim,
    living_workers,
    order_of,
    take_up,
    wait_no_more,
)
from tests.pipeline.crawl.test_crawl_process import descendants
from tests.storage.killed_deposits import environment

COURT = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
FORBIDDEN = "https://forbidden.pryklad.example/"
SLOW = "https://slow.pryklad.example/"
SILENT = "https://silent.pryklad.example/tajamnica"
REASON = "таемная прычына"
CASE = "Справа-9"


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites) -> Settings:
    settings = replace(
        stored_settings,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    return settings


@pytest.fixture
def opened(collecting: Settings) -> Iterator[Archive]:
    with opened_archive(collecting) as archive:
        yield archive


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(collecting: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts `letapis worker`; its lines go to a file ``worker-N`` each, errors and all."""
    running: list[subprocess.Popen[str]] = []
    variables = environment(collecting) | {
        "LETAPIS_CONNECT_TO": " ".join(collecting.connect_to),
        "LETAPIS_ALLOW_ADDRESSES": " ".join(collecting.allow_addresses),
        "LETAPIS_UPSTREAM_CA": str(collecting.upstream_ca),
    }

    def begin() -> "subprocess.Popen[str]":
        with (tmp_path / f"worker-{len(running)}").open("w") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "pipeline.cli", "worker", "--json"],
                    cwd=ROOT,
                    env=variables,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        return running[-1]

    yield begin
    for each in running:
        each.terminate()
    for each in running:
        each.wait()


def eventually(happened: Callable[[], object], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def stands(archive: Archive, request_id: str, number: int = 0) -> Order:
    with archive.reader.connect() as connection:
        found = order_of(connection, request_id, number)
    assert found is not None
    return found


def results(archive: Archive, request_id: str) -> list[RequestResult]:
    with archive.reader.connect() as connection:
        return list(results_of_request(connection, request_id).values())


def workers(archive: Archive) -> int:
    with archive.reader.connect() as connection:
        return len(living_workers(connection))


def crawls_below(pid: int) -> list[int]:
    """Those at work: they have files of the spool open, which one that is prepared has not."""
    return [each for each in descendants(pid) if any("/data/spool/" in name for name in open_files(each))]


def open_files(pid: int) -> list[str]:
    try:
        return [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []  # it has ended, or closes one now


def worked_once(settings: Settings) -> list[Worked]:
    done: list[Worked] = []
    run_worker(settings, once=True, on_done=done.append)
    return done


def test_a_worker_does_what_the_task_does_and_who_comes_later_gets_its_result(
    collecting: Settings, opened: Archive
) -> None:
    request_id = accept_request(collecting, (COURT, FORBIDDEN), actor="ala", reason=REASON, case=CASE)

    first, second = worked_once(collecting)

    assert (first.state, second.state) == (WorkState.DONE, WorkState.NOT_AS_WANTED)
    archived = archive_one(collecting, request_id, 0, run="task try 1")
    assert (archived.url, archived.capture_id, archived.problem) == (COURT, first.capture_id, None)
    with opened.reader.connect() as connection:
        capture = capture_by_id(connection, str(archived.capture_id))
        (started, *_) = [each for each in entries(connection) if each.event == "collection_started"]
    assert capture is not None
    assert started.details["facts"]["case"]["value"] == CASE
    assert archive_one(collecting, request_id, 1, run="task try 1").status == 403
    assert len(results(opened, request_id)) == 2


def test_starting_a_request_again_makes_a_new_capture(collecting: Settings) -> None:
    request_id = accept_request(collecting, (COURT,), actor="ala")
    first = archive_one(collecting, request_id, 0, run="run 1")

    assert archive_one(collecting, request_id, 0, run="run 1") == first
    assert archive_one(collecting, request_id, 0, run="run 2").crawl_id != first.crawl_id


def test_a_living_worker_has_the_request_and_the_command_waits_for_it(
    collecting: Settings, opened: Archive, start: Start, tmp_path: Path
) -> None:
    worker = start()
    eventually(lambda: workers(opened))
    progress: list[str] = []

    (archived,) = archive_urls(collecting, (COURT,), actor="ala", on_progress=progress.append)

    assert archived.outcome == "content"
    assert str(stands(opened, archived.request_id).claimed_by).endswith(f":{worker.pid}")
    assert not [line for line in progress if "begins" in line], "this process has crawled nothing"
    eventually(lambda: '"kind": "worked"' in (tmp_path / "worker-0").read_text())
    worker.terminate()
    assert worker.wait() == 0
    assert workers(opened) == 0, "nobody waits for a worker that has ended"


def test_a_killed_workers_request_goes_on_with_another_and_its_crawl_is_gone_before_its_lease_ends(
    collecting: Settings, opened: Archive, start: Start
) -> None:
    pair = {each.pid: each for each in (start(), start())}
    eventually(lambda: workers(opened) == 2)
    request_id = accept_request(collecting, (SILENT,), actor="ala")
    eventually(lambda: stands(opened, request_id).claimed_by)
    holder = pair.pop(int(str(stands(opened, request_id).claimed_by).rpartition(":")[2]))
    eventually(lambda: crawls_below(holder.pid))
    family = descendants(holder.pid)

    holder.kill()
    holder.wait()
    eventually(lambda: stands(opened, request_id).attempt == 2, within_s=30)

    assert [pid for pid in family if is_alive(pid)] == []
    (other,) = pair.values()
    assert str(stands(opened, request_id).claimed_by).endswith(f":{other.pid}")
    eventually(lambda: crawls_below(other.pid))
    family = descendants(other.pid)
    other.terminate()
    assert other.wait() == 0
    assert [pid for pid in family if is_alive(pid)] == []
    found = stands(opened, request_id)
    assert (found.claimed_by, found.attempt, found.ended_at) == (None, 1, None), "given back, for another"
    assert results(opened, request_id) == []


def test_a_worker_that_is_started_again_deposits_what_the_killed_one_has_left(
    collecting: Settings, opened: Archive, start: Start, sample_sites: SampleSites
) -> None:
    sample_sites.forget_requests()
    worker = start()
    eventually(lambda: workers(opened))
    request_id = accept_request(collecting, (SLOW,), actor="ala")
    eventually(lambda: [seen for seen in sample_sites.requests_log if seen.url == SLOW])
    (crawl_id,) = (path.name for path in collecting.spool_dir.iterdir())
    with opened.writer.begin() as connection:
        wait_no_more(connection, request_id)  # so that nobody claims it again
    family = descendants(worker.pid)
    worker.kill()
    worker.wait()
    eventually(lambda: not [pid for pid in family if is_alive(pid)])

    start()

    eventually(lambda: not list(collecting.spool_dir.iterdir()))
    with opened.reader.connect() as connection:
        assert keys_of_crawl(connection, crawl_id) != ()
        ended = [each for each in entries(connection, subject_id=crawl_id) if each.event == "collection_ended"]
    assert [each.details["recovered"] for each in ended] == [True]


def test_where_the_lease_cannot_be_renewed_the_crawl_is_killed_and_no_result_is_written(
    collecting: Settings, opened: Archive
) -> None:
    request_id = accept_request(collecting, (SILENT,), actor="ala")
    with opened.writer.begin() as connection:
        held = claim(connection, "this test")
    assert held is not None

    def hold(_: str) -> None:
        """The crawl has begun: from now on no renewal gets through, as if the database did not answer."""
        if not blocking.in_transaction():
            blocking.execute(text("SELECT * FROM work.orders FOR UPDATE"))

    begun = time.monotonic()
    with opened.writer.connect() as blocking:
        with pytest.raises(LeaseLostError):
            work_on(collecting, opened, held, on_progress=hold)
        lasted_s = time.monotonic() - begun
    assert crawls_below(os.getpid()) == []
    assert lasted_s > 10, "as long as its lease holds, the crawl goes on"
    assert results(opened, request_id) == []


def test_when_what_waited_is_stopped_the_crawl_is_stopped_and_what_it_had_is_deposited(
    collecting: Settings, opened: Archive, start: Start
) -> None:
    worker = start()
    eventually(lambda: workers(opened))
    request_id = accept_request(collecting, (SLOW,), actor="ala")
    with opened.writer.begin() as connection:
        take_up(connection, request_id, 0, "a task that is killed")  # and says nothing any more
    eventually(lambda: crawls_below(worker.pid))

    eventually(lambda: stands(opened, request_id).ended_at)

    assert crawls_below(worker.pid) == []
    assert stands(opened, request_id).broken
    (result,) = results(opened, request_id)
    assert "what waited for it has ended or was stopped" in str(result.problem)
    with opened.reader.connect() as connection:
        (crawl_id,) = {each.subject_id for each in entries(connection) if each.event == "collection_started"}
        assert SLOW in [each.url for each in captures_of_crawl(connection, crawl_id)]


def test_what_was_captured_before_the_waiting_ended_is_kept_as_it_is(
    collecting: Settings, opened: Archive
) -> None:
    request_id = accept_request(collecting, (COURT,), actor="ala")
    with opened.writer.begin() as connection:
        held = claim(connection, "this test")
    assert held is not None
    with held_lease(collecting.database().writer_url, held) as lease:
        with lease.watched(os.getpid()):
            pass  # its crawl has ended
        with opened.writer.begin() as connection:
            wait_no_more(connection, request_id)
        lease.renew()
        lease.require()


def test_what_follows_on_a_result_may_fail_and_the_result_stands(
    collecting: Settings, opened: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the database has gone"))

    monkeypatch.setattr("pipeline.collect.on_demand.store_batches", away)
    progress: list[str] = []

    (archived,) = archive_urls(collecting, (COURT,), actor="ala", on_progress=progress.append)

    assert archived.problem is None
    assert stands(opened, archived.request_id).broken is False
    assert progress[-1] == f"What follows on request {archived.request_id} stays pending: OperationalError"


def test_a_worker_that_is_stopped_while_the_database_is_away_stops(
    collecting: Settings, opened: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("the database has gone"))

    def stop(_: str) -> None:
        raise WorkerStopped

    monkeypatch.setattr("pipeline.collect.on_demand.give_back", away)
    accept_request(collecting, (COURT,), actor="ala")
    with opened.writer.begin() as connection:
        held = claim(connection, "this test")
    assert held is not None
    with pytest.raises(WorkerStopped):
        work_on(collecting, opened, held, on_progress=stop)


def test_a_database_that_is_slow_at_the_first_renewal_costs_an_attempt_and_not_the_request(
    collecting: Settings, opened: Archive
) -> None:
    request_id = accept_request(collecting, (COURT,), actor="ala")
    with opened.writer.begin() as connection:
        beat(connection, "this test")
        held = claim(connection, "this test")
    assert held is not None
    with opened.writer.begin() as blocking:
        blocking.execute(text("SELECT * FROM work.workers FOR UPDATE"))
        with pytest.raises(OperationalError):
            work_on(collecting, opened, held, beats_for="this test")
    assert results(opened, request_id) == []
    assert stands(opened, request_id).ended_at is None


def test_who_has_lost_its_claim_to_another_stops(collecting: Settings, opened: Archive) -> None:
    request_id = accept_request(collecting, (SILENT,), actor="ala")
    with opened.writer.begin() as connection:
        held = claim(connection, "this test")
    assert held is not None

    def lose(_: str) -> None:
        with opened.writer.begin() as connection:
            connection.execute(text("UPDATE work.orders SET claimed_by = 'another', attempt = 7"))

    with pytest.raises(LeaseLostError):
        work_on(collecting, opened, held, on_progress=lose)
    assert results(opened, request_id) == []
    with pytest.raises(LeaseLostError), held_lease(collecting.database().writer_url, held):
        pass


def test_what_fails_with_one_address_stops_no_other_and_is_written_down(
    collecting: Settings, opened: Archive
) -> None:
    gone = accept_request(collecting, (COURT,), actor="ala", egress="gone")
    fine = accept_request(collecting, (COURT,), actor="ala")

    done = {each.request_id: each for each in worked_once(collecting)}

    assert (done[gone].state, done[fine].state) == (WorkState.BROKEN, WorkState.DONE)
    assert "No egress profile 'gone' is known" in str(done[gone].problem)
    with pytest.raises(BrokenOffError, match="No egress profile 'gone' is known"):
        archive_one(collecting, gone, 0)


def test_of_several_addresses_of_a_command_one_that_breaks_off_costs_no_other(
    collecting: Settings, opened: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp := collecting.spool_dir).parent.mkdir(parents=True, exist_ok=True)
    tmp.write_text("a file where the folder of the spool should be")

    with pytest.raises(SomeBrokeOffError) as broke:
        archive_urls(collecting, (COURT, FORBIDDEN), actor="ala")
    assert [each.partition(": ")[0] for each in broke.value.broken] == [COURT, FORBIDDEN]
    assert broke.value.done == ()


def test_an_address_that_kills_each_worker_is_given_up_in_words(collecting: Settings, opened: Archive) -> None:
    request_id = accept_request(collecting, (COURT,), actor="ala")
    with opened.writer.begin() as connection:
        connection.execute(text("UPDATE work.orders SET attempt = :most"), {"most": MOST_ATTEMPTS})

    (done,) = worked_once(collecting)

    assert done.state is WorkState.BROKEN
    (result,) = results(opened, request_id)
    assert "3 workers began with this address, and none of them came to its end" in str(result.problem)
    with opened.reader.connect() as connection:
        assert "collection_started" not in [each.event for each in entries(connection)]


def test_nothing_of_a_confidential_request_is_in_a_workers_lines_title_or_environment(
    collecting: Settings, opened: Archive, start: Start, tmp_path: Path
) -> None:
    label = add_member(opened, "ala-tajnaja", actor="kust", case=CASE).label
    worker = start()
    eventually(lambda: workers(opened))
    request_id = accept_request(
        collecting, (SILENT,), actor="ala-tajnaja", reason=REASON, case=CASE, access_label=label
    )
    eventually(lambda: crawls_below(worker.pid))

    seen = []
    for pid in (worker.pid, *descendants(worker.pid)):
        try:
            seen += [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm")]
        except FileNotFoundError:
            continue
    worker.terminate()
    assert worker.wait() == 0
    with opened.writer.begin() as connection:
        wait_no_more(connection, request_id)
    start()
    other = accept_request(
        collecting, (f"{COURT}&tajamnica",), actor="ala-tajnaja", reason=REASON, case=CASE, access_label=label
    )
    eventually(lambda: stands(opened, other).ended_at)
    eventually(lambda: other in (tmp_path / "worker-1").read_text())
    said = b"".join([*seen, *(path.read_bytes() for path in tmp_path.glob("worker-*"))])
    for word in (REASON, CASE, "ala-tajnaja", "tajamnica", "pryklad.example/", label):
        assert word.encode() not in said, word
        assert json.dumps(word)[1:-1].encode() not in said, word
    assert request_id not in (tmp_path / "worker-0").read_text(), "it had no result there"


def test_without_a_living_worker_the_waiting_process_does_it_itself(collecting: Settings, opened: Archive) -> None:
    with opened.writer.begin() as connection:
        beat(connection, "long gone")
        connection.execute(text("UPDATE work.workers SET seen_at = seen_at - interval '20 seconds'"))
    progress: list[str] = []

    (archived,) = archive_urls(collecting, (COURT,), actor="ala", on_progress=progress.append)

    assert isinstance(archived, Archived)
    assert [line for line in progress if "begins" in line]
    assert str(stands(opened, archived.request_id).claimed_by).endswith(f":{os.getpid()}")


def test_where_all_living_workers_are_busy_the_waiting_process_does_it_itself(
    collecting: Settings, opened: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.collect.waiting.ALL_BUSY_S", 0.0)
    with opened.writer.begin() as connection:
        beat(connection, "busy")

    (archived,) = archive_urls(collecting, (COURT,), actor="ala")

    assert str(stands(opened, archived.request_id).claimed_by).endswith(f":{os.getpid()}")


def test_a_second_signal_disturbs_no_clearing_up(opened: Archive, start: Start) -> None:
    worker = start()
    eventually(lambda: workers(opened))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        try:
            worker.send_signal(number)
        except ProcessLookupError:
            break
    assert worker.wait() == 0
