"""The files of `deploy/kubernetes` for the KubernetesExecutor, brought up on one machine: every pod is a process.

``--executors FOLDER``: where `deploy/container/executors.lock` is installed beside our own environment
(`uv pip install --target FOLDER --no-deps --require-hashes -r deploy/container/executors.lock`). Needs root, Linux
and kubectl; it reaches nothing outside: everything runs in a network of its own, with loopback alone.

`kubectl kustomize` builds the overlay and the Secrets of `make_secrets.py --kubernetes`. The Jobs, the API server,
the DAG processor, the triggerer and the scheduler are started from them; the scheduler finds the cluster's API by
its service account, and makes a pod for each task from the overlay's template. The night that is due collects the
sample sites with a real PostgreSQL and SeaweedFS. One pod that collects is killed (SIGKILL) once its crawl has
written to the spool. ``--night-alone`` pauses all other DAGs, whose pods would want most of two cores.

Out: a line of JSON. Exit code 1 where the night ends otherwise than green or red with a sentence for each source
that is missing, where the dead pod's files are not deposited, where the spool is not empty, where the executor was
refused something, or where `letapis verify` fails.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg2
import yaml

from benchmarks.loopback_cluster import LoopbackCluster
from benchmarks.pod_processes import Machine, PodProcess, start_pod
from pipeline.airflow_api import ENDED, AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.config.settings import ROOT, AirflowAccess
from pipeline.devstack.postgres_cluster import make_cluster_once
from pipeline.devstack.postgres_location import prepare as prepare_location
from pipeline.devstack.seaweedfs import ObjectStoreServer
from samples.sites import SampleSites

OVERLAY: Final = ROOT / "deploy" / "kubernetes" / "overlays" / "kubernetes-executor"
NAMESPACE: Final = "letapis"
DATABASE_PORT: Final = 5432
API_PORT: Final = 6443
"""As in the policies `to-database` and `to-kubernetes`."""
AIRFLOW: Final = "http://127.0.0.1:8080"
DAGS: Final = len(list((ROOT / "dags").glob("[!_]*.py")))
"""One in each file."""
NIGHT_S: Final = 2400.0
START_S: Final = 900.0
WRITTEN_BYTES: Final = 20_000
"""So much of a crawl is in the spool when its pod is killed."""

SPOOL_IN_POD: Final = "/var/lib/letapis/spool/"


def show_progress(line: str) -> None:
    """Progress, beside the result."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def built(folder: Path) -> list[dict[str, Any]]:
    """What `kubectl apply -k` would send."""
    made = subprocess.run(["kubectl", "kustomize", str(folder)], stdout=subprocess.PIPE, check=True)
    return [each for each in yaml.safe_load_all(made.stdout) if each]


@dataclass
class Cut:
    """The pod that was killed, and what it had in the spool then: bytes by file name."""

    pod: str = ""
    crawl: str = ""
    files: dict[str, int] = field(default_factory=dict)


class Cluster:
    """The overlay's pods on one machine."""

    def __init__(self, machine: Machine, objects: list[dict[str, Any]]) -> None:
        self._machine = machine
        self._objects = {(each["kind"], each["metadata"]["name"]): each for each in objects}
        role = self._objects["Role", "pods-of-tasks"]
        (rule,) = role["rules"]
        assert rule["resources"] == ["pods"]
        self._processes: list[PodProcess] = []
        self.api = LoopbackCluster(API_PORT, NAMESPACE, frozenset(rule["verbs"]), self._started, show_progress)
        machine.account.update(
            {
                "token": self.api.token,
                "ca.crt": self.api.authority_pem.decode("ascii"),
                "namespace": NAMESPACE,
                "port": str(API_PORT),
            }
        )

    def _started(self, pod: Mapping[str, Any]) -> PodProcess:
        process = start_pod(self._machine, pod)
        self._processes.append(process)
        return process

    def start(self, kind: str, name: str, **changes: Any) -> PodProcess:
        """Start the first pod of a workload; ``changes`` are to its container."""
        template = self._objects[kind, name]["spec"]["template"]
        container = {**template["spec"]["containers"][0], **changes}
        spec = {**template["spec"], "containers": [container]}
        return self._started({"metadata": {"name": f"{name}-0"}, "spec": spec})

    def run_job(self, name: str) -> int:
        """Run a Job until it succeeds, as often as it says; returns how often it failed."""
        tries = self._objects["Job", name]["spec"]["backoffLimit"] + 1
        for failed in range(tries):
            if self.start("Job", name).wait() == 0:
                return failed
            time.sleep(5)
        raise SystemExit(f"The Job {name} failed {tries} times: {self._machine.log(f'{name}-0', name)}")

    def run_by_hand(self, name: str, *command: str) -> tuple[int, str]:
        """A pod from the template of tasks with another command; exit code and what it printed."""
        pod = yaml.safe_load(self._objects["ConfigMap", "letapis-pods"]["data"]["worker.yaml"])
        spec = pod["spec"]
        spec["containers"][0]["args"] = list(command)
        code = self._started({"metadata": {"name": name}, "spec": spec}).wait()
        return code, self._machine.log(name, spec["containers"][0]["name"]).read_text("utf-8")

    def close(self) -> None:
        """Kill every pod."""
        self.api.close()
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()


@contextmanager
def database(folder: Path, roles_sql: str) -> Iterator[Callable[[str, str], Any]]:
    """PostgreSQL on loopback after its administrator has run `roles.sql`; gives the rows of (database, query)."""
    place = prepare_location(folder)
    make_cluster_once(place, superuser="postgres", password="loopback")  # in a network of its own
    account = place.account
    options = ["-c", "listen_addresses=127.0.0.1", "-p", str(DATABASE_PORT), "-c", "max_connections=300"]
    options += ["-c", f"unix_socket_directories={place.socket}", "-c", "timezone=UTC"]
    server = subprocess.Popen(
        [str(place.programs / "postgres"), "-D", str(place.cluster), *options],
        stdin=subprocess.DEVNULL,
        stderr=(folder / "postgres.log").open("wb"),
        cwd="/",
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )

    def connect(name: str) -> Any:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=DATABASE_PORT,
            user="postgres",
            password="loopback",
            dbname=name,
        )
        connection.autocommit = True
        return connection

    def rows(name: str, query: str) -> Any:
        with closing(connect(name)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    try:
        wait_until(lambda: _works(lambda: connect("postgres").close()), 60, "PostgreSQL answers")
        for name, text in zip(("postgres", "letapis"), roles_sql.split("\\c letapis\n"), strict=True):
            with closing(connect(name)) as connection, connection.cursor() as cursor:
                for statement in filter(str.strip, text.split(";\n")):
                    cursor.execute(statement)
        yield rows
    finally:
        server.terminate()
        server.wait()


def _works(action: Callable[[], object]) -> bool:
    try:
        action()
    except (OSError, psycopg2.OperationalError):
        return False
    return True


def wait_until(holds: Callable[[], bool], seconds: float, what: str, every_s: float = 0.5) -> None:
    """Raise `TimeoutError` where it does not come to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {seconds:.0f} s: {what}")
        time.sleep(every_s)


def make_secrets(folder: Path, store: ObjectStoreServer, for_workers: Mapping[str, str]) -> None:
    """Run `make_secrets.py` as the page says, and enter the store's keys."""
    program = ROOT / "deploy" / "compose" / "make_secrets.py"
    addresses = ["--database-host", f"127.0.0.1:{DATABASE_PORT}", "--s3-endpoint", store.endpoint]
    subprocess.run(
        [sys.executable, str(program), "--kubernetes", "--folder", str(folder), *addresses],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    keys = {"LETAPIS_S3_ACCESS_KEY": store.access_key, "LETAPIS_S3_SECRET_KEY": store.secret_key}
    for path in folder.glob("*.env"):
        lines = dict(line.split("=", 1) for line in path.read_text("utf-8").splitlines())
        more = for_workers if path.name == "worker.env" else {}
        path.write_text("".join(f"{name}={value}\n" for name, value in {**lines, **keys, **more}.items()), "utf-8")


def texts_of(objects: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, str]]:
    """The files of each Secret and ConfigMap."""
    return {
        (each["kind"], each["metadata"]["name"]): {
            name: base64.b64decode(value).decode("utf-8") if each["kind"] == "Secret" else value
            for name, value in (each.get("data") or {}).items()
        }
        for each in objects
        if each["kind"] in ("Secret", "ConfigMap")
    }


def watch_list(delay_s: float) -> str:
    """The samples', slow enough to be cut off in the middle."""
    listed = yaml.safe_load((ROOT / "samples" / "watchlist.yaml").read_text("utf-8"))
    listed["defaults"]["delay_s"] = delay_s
    return yaml.safe_dump(listed, allow_unicode=True)


def kill_one(cluster: LoopbackCluster, spool: Path, cut: Cut, ended: threading.Event) -> None:
    """Kill the night's first pod whose crawl has written so much; notes what it leaves."""
    while not ended.wait(0.2):
        for name, process in cluster.running().items():
            if not isinstance(process, PodProcess) or not name.startswith("harvest-"):
                continue
            crawl = crawl_of(process)
            if crawl is None or sum(warc_files(spool / crawl).values()) < WRITTEN_BYTES:
                continue
            process.kill()
            process.wait()
            cut.pod, cut.crawl, cut.files = name, crawl, warc_files(spool / crawl)
            show_progress(f"{name} was killed; in the spool are {cut.files}")
            return


def warc_files(folder: Path) -> dict[str, int]:
    """The bytes of each WARC file of a crawl by its name."""
    found: dict[str, int] = {}
    for path in folder.glob("*.warc.gz*"):
        with suppress(FileNotFoundError):  # it has been closed, which gave it another name, or deposited
            found[path.name] = path.stat().st_size
    return found


def crawl_of(pod: PodProcess) -> str | None:
    """The crawl whose WARC file a process of the pod holds open."""
    for pid in pod.pids:
        with suppress(OSError):  # it has ended
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                opened = str(descriptor.readlink())
                if opened.startswith(SPOOL_IN_POD) and ".warc" in opened:
                    return opened.removeprefix(SPOOL_IN_POD).partition("/")[0]
    return None


def harvest_that_is_due(api: AirflowApi, night_s: float) -> tuple[str, str]:
    """The run that the scheduler starts by itself, when it has ended or its time is over: its id and its state."""
    wait_until(lambda: bool(api.runs("harvest", newest=1)), START_S, "the night that is due begins")
    run_id = str(api.runs("harvest", newest=1)[0]["dag_run_id"])
    show_progress(f"{run_id} has begun")
    seen: Counter[str] = Counter()

    def has_ended() -> bool:
        nonlocal seen
        try:
            now = Counter(f"{row['task_id']} {row['state']}" for row in api.tasks_of_run("harvest", run_id))
            state = api.run_state("harvest", run_id)
        except AirflowUnreachable as busy:
            show_progress(f"the API server: {busy}")
            return False
        if now != seen:
            show_progress("tasks of the night: " + ", ".join(f"{n} {task}" for task, n in sorted(now.items())))
        seen = now
        return state in ENDED

    try:
        wait_until(has_ended, night_s, "the night has ended", every_s=3)
    except TimeoutError as late:  # what has come of it until now is looked at all the same
        show_progress(str(late))
    return run_id, api.run_state("harvest", run_id)


def results_of(api: AirflowApi, run_id: str) -> dict[str, dict[str, Any]]:
    """What came of each source that was planned: its crawl, captures, problem; empty where nothing was planned."""
    found: dict[str, dict[str, Any]] = {}
    try:
        batches = api.xcom("harvest", run_id, "plan")
    except AirflowRefused as refused:
        show_progress(f"nothing was planned: {refused}")
        return found
    for number, batch in enumerate(batches):
        try:
            rows = api.xcom("harvest", run_id, "collect", map_index=number)
        except AirflowRefused as refused:  # its sources have no result below, and that is the finding
            show_progress(f"{', '.join(batch)}: {refused}")
            rows = []
        found |= {row["source_id"]: row for row in rows}
        for source in batch:
            found.setdefault(source, {"problem": "no result"})
    return found


@dataclass(frozen=True)
class Options:
    """What can be chosen; see the help of each."""

    executors: Path
    delay_s: float
    night_s: float
    night_alone: bool
    keep_logs: Path | None


def play(folder: Path, options: Options) -> dict[str, Any]:
    """Bring everything up, let the night end, and look."""
    with SampleSites(folder=folder / "sites") as sites:
        store = ObjectStoreServer(folder / "store")
        store.start()
        try:
            secrets = folder / "secrets"
            make_secrets(
                secrets,
                store,
                {
                    "LETAPIS_CONNECT_TO": sites.connect_to,
                    "LETAPIS_ALLOW_ADDRESSES": "127.0.0.0/8",
                    "LETAPIS_UPSTREAM_CA": "/etc/letapis/watchlist/authority.pem",
                },
            )
            objects = built(OVERLAY)
            texts = texts_of([*objects, *built(secrets)])
            texts["ConfigMap", "letapis-watchlist"] = {
                "watchlist.yaml": watch_list(options.delay_s),
                "authority.pem": sites.authority.read_text("ascii"),
            }
            machine = Machine(folder, options.executors.resolve(), texts)
            with database(folder / "postgres", (secrets / "roles.sql").read_text("utf-8")) as rows:
                cluster = Cluster(machine, objects)
                try:
                    password = (secrets / "prepare_password").read_text("utf-8")
                    return _night(cluster, machine, rows, password, options)
                finally:
                    cluster.close()
                    if options.keep_logs is not None:
                        shutil.copytree(folder / "logs", options.keep_logs, dirs_exist_ok=True)
                        of_tasks = options.keep_logs / "tasks"
                        shutil.copytree(machine.claim("task-logs"), of_tasks, dirs_exist_ok=True)
        finally:
            store.stop()


def _night(
    cluster: Cluster, machine: Machine, rows: Callable[[str, str], Any], password: str, options: Options
) -> dict[str, Any]:
    show_progress("the Job migrate")
    failed = {"migrate": cluster.run_job("migrate")}
    show_progress("the API server")
    cluster.start("StatefulSet", "api-server")
    with AirflowApi(AirflowAccess(AIRFLOW, "prepare", password)) as api:
        wait_until(lambda: _answers(api), START_S, "the API server answers")
        show_progress("the Job prepare")
        failed["prepare"] = cluster.run_job("prepare")
        cut, ended = Cut(), threading.Event()
        spool = machine.claim("spool") / "spool"
        threading.Thread(target=kill_one, args=(cluster.api, spool, cut, ended), daemon=True).start()
        for name in ("dag-processor", "triggerer"):
            show_progress(f"the {name}")
            cluster.start("Deployment", name)
        wait_until(lambda: len(api.known_dags()) >= DAGS, START_S, f"the DAG processor has read {DAGS} DAGs")
        if options.night_alone:
            paused = rows("airflow", "UPDATE dag SET is_paused = true WHERE dag_id <> 'harvest' RETURNING dag_id")
            show_progress(f"{len(paused)} other DAGs are paused")
        show_progress("the scheduler")
        cluster.start("Deployment", "scheduler")
        begun = time.monotonic()
        run_id, state = harvest_that_is_due(api, options.night_s)
        seconds = time.monotonic() - begun
        ended.set()
        results = results_of(api, run_id)
        tasks = [(row["task_id"], row["state"], row["try_number"]) for row in api.tasks_of_run("harvest", run_id)]
    show_progress("letapis verify")
    verify_code, verify_words = cluster.run_by_hand("verify", "letapis", "verify")
    kept = {key.rpartition("/")[2] for (key,) in rows("letapis", "SELECT key FROM catalogue.warcs")}
    at_work = {crawl_of(each) for each in cluster.api.running().values() if isinstance(each, PodProcess)}
    left = [each for each in spool.glob("*/*.warc*") if each.parent.name not in at_work]
    pods = Counter((each["metadata"].get("annotations") or {}).get("task_id") for each in cluster.api.created)
    return {
        "kind": "pods_as_processes",
        "run": run_id,
        "state": state,
        "seconds": round(seconds, 1),
        "captures": {source: row.get("captures") for source, row in results.items()},
        "problems": {source: row["problem"] for source, row in results.items() if row["problem"]},
        "tried_again": sum(tries > 1 for _, _, tries in tasks),
        "tasks": dict(Counter(f"{name}: {state_of_task}" for name, state_of_task, _ in tasks)),
        "pods": dict(pods),
        "failed_jobs": failed,
        "killed": cut.pod,
        "left_in_spool": cut.files,
        "deposited_of_it": sorted(kept & {name.removesuffix(".open") for name in cut.files}),
        "recovered": sum(row.get("recovered") or 0 for row in results.values()),
        "warc_files": len(kept),
        "spool_at_the_end": sorted(str(each.relative_to(spool)) for each in left),
        "refused": cluster.api.refused[:10],
        "verify": verify_code,
        "verify_says": verify_words.strip().splitlines()[-1:],
    }


def _answers(api: AirflowApi) -> bool:
    try:
        return api.health().database_ok
    except Exception:
        return False


def is_proved(row: Mapping[str, Any]) -> bool:
    """Whether everything holds that the module promises."""
    return bool(
        row["captures"]
        and (row["state"] == "success") == (not row["problems"])
        and "no result" not in row["problems"].values()
        and row["left_in_spool"]
        and len(row["deposited_of_it"]) == len(row["left_in_spool"])
        and not row["spool_at_the_end"]
        and not row["refused"]
        and row["verify"] == 0
    )


def main() -> int:
    """Entry point: ``python -m benchmarks.pods_as_processes --executors FOLDER``."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--executors", type=Path, required=True)
    parser.add_argument("--delay-s", type=float, default=0.5, help="between requests to one host")
    parser.add_argument("--night-s", type=float, default=NIGHT_S, help="so long the night may take")
    parser.add_argument("--night-alone", action="store_true", help="pause all other DAGs")
    parser.add_argument("--keep-logs", type=Path, help="copy what pods and tasks printed to this folder")
    parser.add_argument("--inside", action="store_true", help="in the network of its own; added by itself")
    given = vars(parser.parse_args())
    if not given.pop("inside"):
        again = [sys.executable, "-m", "benchmarks.pods_as_processes", *sys.argv[1:], "--inside"]
        network = ["unshare", "--net", "sh", "-ec", 'ip link set lo up; exec "$@"', "network", *again]
        os.execvp("unshare", network)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else pods and servers would stay
    with tempfile.TemporaryDirectory(prefix="letapis-pods-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        row = play(folder, Options(**given))
    print(json.dumps(row))
    return int(not is_proved(row))


if __name__ == "__main__":
    sys.exit(main())
