"""Kills crawls, deposits and whole stacks with SIGKILL at random moments, and counts what was lost or doubled.

``--crawls N``: crawls of a sample channel, three at once, each killed (all of its processes, or its leader alone);
then the spool is recovered. ``--deposits N``: processes that deposit files, killed. ``--stack N``: a running stack
with short heartbeats, a harvest under way; every other kill takes everything (as a power cut does; `letapis up`
starts it again), the others take one service, which its supervisor has to start again.

Out: a line for each: kills, responses that were whole at the kill, how many of these were lost or doubled,
problems of the chain of custody, processes left. Exit code 1 where anything was lost, doubled, broken or left.
"""

import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from benchmarks.tree_copy import copied_tree
from pipeline.airflow_api import ENDED, AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.collect.deposit_spool import recover_spools
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import Settings, load_settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.process.run import process_pending
from pipeline.supervise.processes import processes_of_data_folder
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.catalogue.tables import captures, warcs
from storage.ledger.chain import read_chain
from storage.ledger.custody import publish_pending_entries
from storage.migrations import migrate
from storage.sealing_keys import make_keys
from tests.airflow_requests import all_beat_since, wait_for_run
from tests.end_to_end.killed_services import SERVICES, kill_service, processes_naming
from tests.pipeline.killed_crawls import Crawling, responses_in
from tests.storage.killed_deposits import deposit_and_kill

AT_ONCE: Final = 3
CRAWL_S: Final = 1.5
HARVEST_S: Final = 40.0
"""A harvest of the sample sites writes to its spool during about so many seconds."""
RETURN_S: Final = 600.0
"""How long a stack may take to answer again on a busy machine."""

SHORT_HEARTBEATS: Final = """
task_instance_heartbeat_timeout = 30
task_instance_heartbeat_timeout_detection_interval = 5
scheduler_health_check_threshold = 20
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What so many kills of one kind did. ``whole``: responses that stood whole in the spool at the kill."""

    what: str
    kills: int
    whole: int
    lost: int
    doubled: int
    chain_problems: int
    left_in_spool: int
    processes_left: int
    seconds: float

    @property
    def harmless(self) -> bool:
        """Whether nothing was lost, doubled, broken or left behind."""
        return not (self.lost or self.doubled or self.chain_problems or self.left_in_spool or self.processes_left)


def counted(
    what: str, kills: int, archive: Archive, whole: Mapping[str, list[str]], spool: Path, home: Path, began: float
) -> Figures:
    """Compare the archive with what was whole, by crawl, at the kills."""
    publish_pending_entries(archive)
    lost = doubled = 0
    with archive.reader.connect() as connection:
        for crawl_id, responses in whole.items():
            kept = Counter(capture.id for capture in captures_of_crawl(connection, crawl_id))
            lost += sum(1 for response in responses if not kept[response])
        keys = [row.key for row in connection.execute(select(warcs.c.key))]
        ids = Counter(connection.scalars(select(captures.c.id)))
    doubled += sum(count - 1 for count in ids.values())
    objects = Counter(version.key for version in archive.objects.list("warc/"))
    doubled += sum(count - 1 for count in objects.values())
    lost += len(set(keys) - set(objects))
    chain = read_chain(archive.objects, archive.sealing)
    deposits = Counter(each.entry.subject_id for each in chain.entries if each.entry.event == "deposited")
    doubled += sum(count - 1 for count in deposits.values())
    lost += len(set(keys) ^ set(deposits))
    return Figures(
        what=what,
        kills=kills,
        whole=sum(map(len, whole.values())),
        lost=lost,
        doubled=doubled,
        chain_problems=len(chain.problems),
        left_in_spool=len(list(spool.rglob("*.warc.gz*"))),
        processes_left=len(processes_of_data_folder(home)),
        seconds=round(time.monotonic() - began, 1),
    )


@contextmanager
def archive_at(folder: Path) -> Iterator[tuple[Archive, Settings]]:
    """An empty archive in a store and a database of its own."""
    home = folder / "services"
    home.mkdir(mode=0o711)
    with ObjectStoreServer(home / "store") as store, PostgresServer(home / "postgres") as database:
        access = database.access
        migrate(access.owner_url)
        settings = Settings(
            data=folder / "data",
            s3_endpoint=store.endpoint,
            s3_access_key=store.access_key,
            s3_secret_key=store.secret_key,
            s3_bucket=f"kills-{secrets.token_hex(4)}",
            lock_mode="governance",
            lock_days=1,
            database_url=access.owner_url,
            database_writer_url=access.writer_url,
            database_reader_url=access.reader_url,
        )
        make_keys(settings.sealing_keys_file)
        archive = open_archive(settings)
        archive.objects.ensure_bucket()
        yield archive, settings
        archive.writer.dispose()
        archive.reader.dispose()


def kill_crawls(folder: Path, kills: int, seed: int) -> Figures:
    """Crawls killed while they write, and recovered."""
    began, moments = time.monotonic(), random.Random(seed)
    whole: dict[str, list[str]] = {}
    spool = folder / "spool"
    spool.mkdir()
    with archive_at(folder) as (archive, settings), SampleSites(folder=folder / "sites") as sites:
        while len(whole) < kills:
            crawls = [Crawling(sites, spool, archive) for _ in range(min(AT_ONCE, kills - len(whole)))]
            for crawl in crawls:
                if moments.random() < 0.8:  # the others may die before they have written a byte
                    crawl.wait_for_its_first_record()
                time.sleep(moments.uniform(0, CRAWL_S / AT_ONCE))
                crawl.kill(moments.choice(["all", "all", "leader"]))
                whole[crawl.crawl_id] = responses_in(crawl.folder)
            recover_spools(archive, spool, actor="benchmark")
            report(f"crawls: {len(whole)} of {kills} killed")
        recover_spools(archive, spool, actor="benchmark")
        return counted("crawls", kills, archive, whole, spool, settings.data, began)


def kill_deposits(folder: Path, kills: int, seed: int) -> Figures:
    """Deposits killed between and within their steps, and made again."""
    began = time.monotonic()
    spool = folder / "spool"
    spool.mkdir()
    with archive_at(folder) as (archive, settings):
        written = deposit_and_kill(settings, spool, kills, seed=seed)
        with archive.reader.connect() as connection:
            digests = {row.key.rpartition("/")[2]: row.sha256 for row in connection.execute(select(warcs))}
        differing = sum(digests.get(name) != str(digest) for name, digest in written.items())
        figures = counted("deposits", kills, archive, {}, spool, settings.data, began)
        return Figures(**{**asdict(figures), "whole": len(written), "lost": figures.lost + differing})


class KilledStack:
    """A stack of its own over the sample sites, from a copy of the tree with short heartbeats."""

    def __init__(self, folder: Path, sites: SampleSites) -> None:
        self.data = folder / "data"
        self._tree = copied_tree(folder / "tree")
        configuration = self._tree / "airflow.cfg"
        text = configuration.read_text("utf-8")
        text = text.replace("orphaned_tasks_check_interval = 60", "orphaned_tasks_check_interval = 10")
        configuration.write_text(text.replace("[scheduler]\n", f"[scheduler]{SHORT_HEARTBEATS}"), "utf-8")
        self._told = {
            "LETAPIS_DATA": str(self.data),
            "LETAPIS_WATCHLIST": str(self._tree / "samples" / "watchlist.yaml"),
            "LETAPIS_AIRFLOW_PORT": "0",
            "LETAPIS_CONNECT_TO": sites.connect_to,
            "LETAPIS_ALLOW_ADDRESSES": "127.0.0.0/8",
            "LETAPIS_UPSTREAM_CA": str(sites.authority),
        }
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._log = folder / "up.log"

    @property
    def settings(self) -> Settings:
        """How the running stack is reached."""
        return load_settings(self._told)

    def start(self) -> None:
        """`letapis up`, as an operator types it; returns once it has said its addresses."""
        with self._log.open("ab") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", "up", "--json"],
                cwd=self._tree,
                env={**os.environ, **self._told},
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._supervisor.stdout is not None
        if not self._supervisor.stdout.readline():
            raise SystemExit(f"`letapis up` did not start:\n{self._log.read_text('utf-8')[-3000:]}")

    def kill_all(self) -> None:
        """As a power cut: supervisor, keepers, services, tasks, crawls, browsers, all at once."""
        assert self._supervisor is not None
        for pid in (self._supervisor.pid, *processes_of_data_folder(self.data)):
            send_kill(pid)
        self._supervisor.wait()

    def kill_one(self, moments: random.Random) -> str:
        """One service; its keeper and the supervisor live. Returns its name."""
        name = moments.choice(list(SERVICES))
        while not kill_service(self.data, name):  # it is being started again after the kill before
            time.sleep(0.1)
        return name

    def wait_until_healthy(self) -> None:
        """Return when every component has given a sign of life from now on."""
        assert self._supervisor is not None
        began, deadline = datetime.now(UTC), time.monotonic() + RETURN_S
        with AirflowApi(self.settings.airflow()) as api:
            while time.monotonic() < deadline:
                if self._supervisor.poll() is not None:
                    raise SystemExit(f"`letapis up` ended:\n{self._log.read_text('utf-8')[-3000:]}")
                with suppress(AirflowUnreachable, AirflowRefused):
                    if all_beat_since(api.health(), began):
                        return
                time.sleep(1)
        raise SystemExit(f"The stack did not answer again within {RETURN_S:.0f} s.")

    def stop(self) -> None:
        """As Ctrl-C does."""
        assert self._supervisor is not None
        self._supervisor.send_signal(signal.SIGINT)
        self._supervisor.wait(120)


def kill_stack(folder: Path, kills: int, seed: int) -> Figures:
    """A stack killed while it harvests, wholly or one service of it; then one harvest to its end."""
    began, moments = time.monotonic(), random.Random(seed)
    whole: dict[str, list[str]] = {}
    with SampleSites(folder=folder / "sites") as sites:
        stack = KilledStack(folder, sites)
        stack.start()
        for number in range(kills):
            wait_for_crawls(stack)
            time.sleep(moments.uniform(0, HARVEST_S))
            if number % 2 == 0:
                stack.kill_all()
                for path in (stack.data / "spool").glob("*/"):
                    whole[path.name] = responses_in(path)
                stack.start()
                killed = "everything"
            else:
                killed = stack.kill_one(moments)
                stack.wait_until_healthy()
            report(f"stack: {number + 1} of {kills} killed ({killed}); it answers again")
        run_id = trigger(stack, {})
        with AirflowApi(stack.settings.airflow()) as api:
            state = wait_for_run(api, "harvest", run_id, timeout_s=RETURN_S * 3)
        archive = open_archive(stack.settings)
        recover_spools(archive, stack.data / "spool", actor="benchmark")
        process_pending(stack.settings)
        figures = counted(
            f"stack (last harvest: {state})", kills, archive, whole, stack.data / "spool", folder, began
        )
        archive.writer.dispose()
        archive.reader.dispose()
        stack.stop()
        left = len({*processes_of_data_folder(stack.data), *processes_naming(str(stack.data))})
        return Figures(**{**asdict(figures), "processes_left": left})


def wait_for_crawls(stack: KilledStack) -> None:
    """Return once a crawl writes; starts a harvest whenever none is under way."""
    deadline = time.monotonic() + RETURN_S
    with AirflowApi(stack.settings.airflow()) as api:
        while not any((stack.data / "spool").glob("*/*.open")):
            if time.monotonic() > deadline:
                raise SystemExit(f"No crawl wrote anything within {RETURN_S:.0f} s.")
            if all(run["state"] in ENDED for run in api.runs("harvest")):
                trigger(stack, {})
            time.sleep(0.2)


def trigger(stack: KilledStack, conf: Mapping[str, object]) -> str:
    """Start a harvest as soon as Airflow takes one."""
    deadline = time.monotonic() + RETURN_S
    with AirflowApi(stack.settings.airflow()) as api:
        while True:
            try:
                return api.trigger("harvest", conf)
            except (AirflowUnreachable, AirflowRefused):
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)


def send_kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--crawls", type=int, default=400)
    parser.add_argument("--deposits", type=int, default=600)
    parser.add_argument("--stack", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: list[Figures] = []
    for wanted, kill in (
        (options.crawls, kill_crawls),
        (options.deposits, kill_deposits),
        (options.stack, kill_stack),
    ):
        if not wanted:
            continue
        folder = Path(tempfile.mkdtemp(prefix="letapis-kills-"))
        folder.chmod(0o711)  # as root, the database's account has to get there
        try:
            found.append(kill(folder, wanted, options.seed))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if options.json:
            print(json.dumps(asdict(found[-1])), flush=True)
        else:
            print(", ".join(f"{name} {value}" for name, value in asdict(found[-1]).items()), flush=True)
    raise SystemExit(0 if all(figures.harmless for figures in found) else 1)


if __name__ == "__main__":
    main()
