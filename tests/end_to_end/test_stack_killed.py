"""Two services are killed in the middle of a harvest: it ends all the same, with nothing lost, doubled or left.

The short form of ``benchmarks.kills --stack``.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from pipeline.airflow_api import AirflowApi
from pipeline.supervise.processes import is_alive
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.tables import captures
from storage.ledger.chain import read_chain
from tests.airflow_requests import wait_for_run
from tests.conftest import RunningStack
from tests.end_to_end.conftest import eventually
from tests.end_to_end.killed_services import kill_service, processes_naming

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

RUN_S = 300.0
CRAWLED = """
defaults: {delay_s: 0.3, limits: {pages: 25, seconds: 60}}
sources:
  - {id: killed-channel, kind: telegram, channel: pryklad_vestki}
  - {id: killed-news, kind: news, start_pages: ["https://vesnik.pryklad.example/"]}
  - {id: killed-list, kind: court_list, pages: ["https://sud.pryklad.example/rasklad/"]}
"""


@pytest.fixture
def watchlist(airflow_stack: RunningStack) -> Iterator[None]:
    """Three sources whose crawls take a while, in the running stack's watch-list."""
    path = airflow_stack.settings.watchlist
    before = path.read_text("utf-8")
    path.write_text(CRAWLED, "utf-8")
    yield
    path.write_text(before, "utf-8")


@pytest.mark.usefixtures("watchlist")
def test_a_harvest_whose_store_and_api_server_are_killed_keeps_every_answer_once(
    api: AirflowApi, airflow_stack: RunningStack, sample_sites: SampleSites, deposited: Archive
) -> None:
    data, spool = airflow_stack.settings.data, airflow_stack.settings.spool_dir
    sample_sites.forget_requests()
    run_id = api.trigger("harvest", {})
    # not of all three at once: on a slow machine the first may be through when the last begins
    eventually(lambda: len(list(spool.glob("*/*.warc.gz.open"))) >= 2, timeout_s=120.0)
    crawls = {path.name for path in spool.glob("*/")}

    killed = kill_service(data, "API server")
    eventually(lambda: any(spool.glob("*/*.warc.gz")), every_s=0.01)
    killed += kill_service(data, "object store")
    assert len(killed) == 2
    assert any(spool.glob("*/*.warc.gz.open")), "the harvest was at work"

    assert wait_for_run(api, "harvest", run_id, timeout_s=RUN_S) == "success"
    assert not [pid for pid in killed if is_alive(pid)]
    assert list(spool.iterdir()) == []
    assert [crawl for crawl in crawls if processes_naming(crawl)] == []
    answers = select(captures).where(
        captures.c.source_id.startswith("killed-"), captures.c.record_type.in_(("response", "revisit"))
    )
    with deposited.reader.connect() as connection:
        rows = connection.execute(answers).all()
    assert Counter(row.url for row in rows) == Counter(seen.url for seen in sample_sites.requests_log)
    keys = dict.fromkeys(row.warc_key for row in rows)
    stored = Counter(version.key for version in deposited.objects.list("warc/"))
    assert {key: stored[key] for key in keys} == dict.fromkeys(keys, 1)
    chain = read_chain(deposited.objects)
    entered = Counter(each.entry.subject_id for each in chain.entries if each.entry.event == "deposited")
    assert {key: entered[key] for key in keys} == dict.fromkeys(keys, 1)
    assert chain.problems == ()
