"""The embedded Airflow: API server, scheduler, DAG processor and triggerer, started directly, on loopback.

In: a folder (`AIRFLOW_HOME`) and its database. Out: the address and passwords of its pages and REST API. The
checked-in `airflow.cfg` is used unchanged. `airflow standalone` is not used: its log servers listen on every
interface, and it leaves its children behind when it is terminated (docs/decisions/0001-embedded-stack.md).
Secrets are made at the first start, in files for the owner alone.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psycopg2

from crawlers.log_lines import are_json
from pipeline.airflow_api import AirflowApi, AirflowForeign, AirflowRefused, AirflowUnreachable
from pipeline.airflow_old_words import remove_events, remove_logs, remove_runs
from pipeline.config.settings import ROOT, AirflowAccess
from pipeline.devstack.airflow_watch import SILENT_S, Heartbeats, LostWorkers, QueuedTasks, end_workers
from pipeline.prepare import prepare_pools
from pipeline.supervise.processes import ServiceError, SupervisedProcess
from storage.private_folder import closed_folder

COMPONENTS: Final = {
    "api-server": ("api-server",),
    # The log servers of these two listen on every interface, and no setting changes that.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}

NICENESS: Final = {"scheduler": 5, "dag-processor": 5, "triggerer": 5}
"""Tasks inherit the scheduler's, and crawls that of their task: a night, and the record of a request in Airflow,
yield to the workers on which people wait and to the pages that they read. Seen on two cores without it: a request
by the pages took 2.4 s instead of 1.5 while the tasks of the one before it ran."""

START_S: Final = 900.0
"""Measured 31 s on two free cores, the imports of four processes. Generous: one that ends is noticed at once."""

GRACE_S: Final = 15.0
"""Measured 7 s from SIGTERM to the last process; a scheduler would wait for its running tasks without end."""

FIRST_STARTED: Final = "first_started"

WORDS_REMOVED: Final = "words_removed"

USERS: Final = ("admin", "analyst")
"""As in airflow.cfg, `simple_auth_manager_users`."""


class AirflowServer:
    """Airflow over one folder, on a port that its stack holds (`airflow_port`)."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        data: Path,
        port: int,
        nights_since: datetime | None = None,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder.resolve()
        self._database_url = database_url
        self._data = data
        self._port = port
        self._nights_since = nights_since
        self._on_progress = on_progress
        self._components: dict[str, SupervisedProcess] = {}
        self._workers = LostWorkers()
        self._heartbeats: Heartbeats | None = None
        self._queued: QueuedTasks | None = None

    @property
    def url(self) -> str:
        """Address of pages and API."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def passwords(self) -> dict[str, str]:
        """Password by user name; known once prepared."""
        found: dict[str, str] = json.loads((self.folder / "passwords.json").read_text("utf-8"))
        return found

    @property
    def first_started(self) -> datetime:
        """When this folder's Airflow was first started; known once prepared. No night before it is due."""
        return datetime.fromisoformat((self.folder / FIRST_STARTED).read_text("utf-8"))

    @property
    def access(self) -> AirflowAccess:
        """How this installation's own commands reach it."""
        return AirflowAccess(
            url=self.url, user="admin", password=self.passwords["admin"], stack_process=os.getpid()
        )

    @property
    def environment(self) -> dict[str, str]:
        """What every Airflow process and every task sees: ours, without what would lead it elsewhere."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        without_proxy = ",".join(filter(None, [inherited.get("NO_PROXY"), "127.0.0.1", "localhost"]))
        return {
            **inherited,
            "PATH": f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}",
            "NO_PROXY": without_proxy,
            "no_proxy": without_proxy,
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
            "AIRFLOW__API__PORT": str(self._port),
            "AIRFLOW__API__BASE_URL": self.url,
            "LETAPIS_ROOT": str(ROOT),
            "LETAPIS_DATA": str(self._data),
            "LETAPIS_NIGHTS_SINCE": (self._nights_since or self.first_started).isoformat(),
            "AIRFLOW__LOGGING__JSON_LOGS": str(are_json()),
            # Else process titles overwrite the environment, by which leftovers are found.
            "SPT_NOENV": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def prepare(self) -> None:
        """Make folders and secrets that are missing, so that `access` is known before the first task can run."""
        closed_folder(closed_folder(self.folder) / "logs")
        self._note_first_start()
        self._write_secrets()

    def start(self) -> None:
        """Start, at first making secrets and tables; returns when every component has given a sign of life.

        The scheduler comes last: a task asks the API server for its work, and fails where none answers yet.
        """
        self.prepare()
        self._migrate_if_needed()
        self._on_progress("Airflow starts (half a minute on two cores) ...")
        started_at = datetime.now(UTC)
        self._components = {name: self._component(name) for name in COMPONENTS}
        try:
            for name in COMPONENTS:
                if name != "scheduler":
                    self._components[name].start()
            self._wait_for({"api-server"}, started_at)
            with AirflowApi(self.access, on_progress=self._on_progress) as api:
                for _ in prepare_pools(api):
                    pass
                self._remove_old_words(api)
            self._components["scheduler"].start()
            self._wait_for(set(COMPONENTS) - {"api-server"}, started_at)
            self._heartbeats = Heartbeats(self.access)
            self._queued = QueuedTasks(self.access)
        except (AirflowRefused, AirflowUnreachable) as problem:
            self.stop()
            raise ServiceError(str(problem)) from problem
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every component and every task; returns when no process is left."""
        if self._queued is not None:
            self._queued.close()
        for component in self._components.values():
            component.begin_stop()
        for component in self._components.values():
            component.stop()

    def restart_dead(self) -> tuple[str, ...]:
        """Start components again that ended by themselves; returns their names."""
        dead = tuple(name for name, component in self._components.items() if not component.alive)
        for name in dead:
            self._start_again(name)
        return dead

    def restart_stuck(self) -> tuple[tuple[str, str], ...]:
        """Restart components that run and do no work (`airflow_watch`); returns each with what was wrong."""
        if self._heartbeats is None or self._queued is None:
            return ()
        done = []
        scheduler = self._components["scheduler"]
        keeper = scheduler.keeper_pid
        queue_stuck = keeper is not None and self._queued.is_stuck(keeper)
        if keeper is not None and scheduler.alive and self._workers.must_restart(keeper, queue_stuck=queue_stuck):
            scheduler.begin_stop()
            deadline = time.monotonic() + GRACE_S
            while scheduler.alive and time.monotonic() < deadline:
                # Again and again: until it has seen the signal, the scheduler replaces them.
                end_workers(keeper)
                time.sleep(0.1)
            scheduler.stop()
            self._start_again("scheduler")
            done.append(("scheduler", "gave its workers no tasks, or had lost a worker"))
        for name in self._heartbeats.unresponsive():
            self._components[name].stop()
            self._start_again(name)
            done.append((name, f"had given no sign of life for {SILENT_S / 60:.0f} minutes"))
        return tuple(done)

    def _start_again(self, name: str) -> None:
        self._components[name].start()
        if self._heartbeats is not None:
            self._heartbeats.forget(name)

    def _wait_for(self, names: set[str], started_at: datetime) -> None:
        """Return when each of these has given a sign of life; raises `ServiceError` when a component ends."""
        waiting_for = set(names)

        def all_beat() -> bool:
            for component in self._components.values():
                if component.exit_code is not None:
                    raise ServiceError(
                        f"{component.name} ended with code {component.exit_code}.{component.log_tail()}"
                    )
            try:
                health = api.health()
            except AirflowForeign:
                raise
            except (AirflowUnreachable, AirflowRefused):
                return False
            beating = {
                name.replace("_", "-")
                for name, at in health.heartbeats.items()
                if at is not None and at >= started_at
            }
            if health.database_ok:
                beating.add("api-server")
            for name in sorted(waiting_for & beating):
                self._on_progress(f"Airflow's {name} is up ({(datetime.now(UTC) - started_at).seconds} s).")
            waiting_for.difference_update(beating)
            return not waiting_for

        with AirflowApi(self.access, patience_s=0) as api:
            self._components["api-server"].wait_until(all_beat, timeout_s=START_S)

    def _remove_old_words(self, api: AirflowApi) -> None:
        """Once per folder, at the first start after an upgrade, or as long as such a run has not ended."""
        done = self.folder / WORDS_REMOVED
        if done.exists():
            return
        removed = remove_runs(api)
        removed = replace(
            removed,
            events=remove_events(self._database_url),
            log_folders=remove_logs(self.folder / "logs", removed.runs),
        )
        if removed.runs or removed.kept or removed.events:
            self._on_progress(removed.sentence())
        if not removed.kept:
            done.touch()

    def _component(self, name: str) -> SupervisedProcess:
        return SupervisedProcess(
            name=f"Airflow's {name}",
            command=[str(Path(sys.executable).with_name("airflow")), *COMPONENTS[name]],
            home=self._data,
            log=self.folder / "logs" / f"{name}.log",
            cwd=self.folder,
            env=self.environment,
            grace_s=GRACE_S,
            niceness=NICENESS.get(name, 0),
        )

    def _note_first_start(self) -> None:
        """Airflow keeps no such moment, and without it the first night is left out where it is missed."""
        if (self.folder / FIRST_STARTED).exists():
            return
        made_at_first_start = self.folder / "fernet_key"  # folders of before this note have it
        known = made_at_first_start.stat().st_mtime if made_at_first_start.exists() else None
        moment = datetime.now(UTC) if known is None else datetime.fromtimestamp(int(known), UTC)
        self._write(FIRST_STARTED, moment.isoformat())

    def _write_secrets(self) -> None:
        fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()  # the format Fernet asks for
        passwords = {user: secrets.token_urlsafe(12) for user in USERS}
        for name, text in {
            "fernet_key": fernet_key,
            "secret_key": secrets.token_hex(32),
            "jwt_secret": secrets.token_hex(64),
            "passwords.json": json.dumps(passwords),
        }.items():
            if not (self.folder / name).exists():
                self._write(name, text)
        self._write("sql_alchemy_conn", self._database_url)

    def _write(self, name: str, text: str) -> None:
        """Whole or not at all, and for the owner alone."""
        draft = self.folder / f"{name}.new"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(self.folder / name)

    def _migrate_if_needed(self) -> None:
        """`airflow db migrate` takes 7 s, even to find nothing to do: once per version and database is enough."""
        stamp = f"apache-airflow {version('apache-airflow')}, schema {self._schema_revision()}"
        done = self.folder / "migrated"
        if done.exists() and done.read_text("utf-8") == stamp:
            return
        self._on_progress("Creating Airflow's tables ...")
        made = subprocess.run(
            [str(Path(sys.executable).with_name("airflow")), "db", "migrate"],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode:
            raise ServiceError(f"`airflow db migrate` failed:\n{made.stdout[-3000:]}")
        done.write_text(f"apache-airflow {version('apache-airflow')}, schema {self._schema_revision()}", "utf-8")

    def _schema_revision(self) -> str | None:
        """What Airflow's own migrations have noted in the database; None in an empty one."""
        with closing(psycopg2.connect(self._database_url.replace("+psycopg2", ""))) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
            (there,) = cursor.fetchone() or (False,)
            if not there:
                return None
            cursor.execute("SELECT version_num FROM alembic_version")
            (revision,) = cursor.fetchone() or (None,)
            return None if revision is None else str(revision)
