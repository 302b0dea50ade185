"""The embedded stack as one thing: started in order, watched, ended without a trace.

In: `Settings`. Out: the same with the addresses of what was started, also written to `<data>/stack.json` for other
shells. A store or database that the settings name is used and not started. Raises `ServiceError`; when the start
fails half-way, what was started is stopped again.
"""

import signal
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from pipeline.config.settings import Settings
from pipeline.devstack.airflow import AirflowServer
from pipeline.devstack.airflow_port import reserve_port
from pipeline.devstack.data_folder import (
    DataFolderLock,
    make_data_folder,
    remove_stack_file,
    write_stack_file,
)
from pipeline.devstack.ports import ReservedPort
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.replay import ReplayServer
from pipeline.devstack.seaweedfs import FOR_TRYING_OUT_ONLY, ObjectStoreServer
from pipeline.devstack.workers import OnDemandWorkers
from pipeline.prepare import prepare_archive
from pipeline.replay.environment import HOW as HOW_TO_REPLAY
from pipeline.replay.environment import wayback_program
from pipeline.supervise.processes import ServiceError, end_leftovers

RESTARTS: Final = 3
RESTARTS_WITHIN_S: Final = 600.0
"""A service that ends more often than that does not end by chance, and a person has to look."""

LOCK_DAYS: Final = 1
"""Of the embedded store, with mode governance: enough to try it out (architecture §5)."""


class Stack:
    """The embedded services over one data folder. ``settings`` must not come from another running stack."""

    def __init__(self, settings: Settings, *, on_progress: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        self._on_progress = on_progress
        self._undo = ExitStack()
        self._store: ObjectStoreServer | None = None
        self._database: PostgresServer | None = None
        self._airflow: AirflowServer | None = None
        self._airflow_port: ReservedPort | None = None
        self._replay: ReplayServer | None = None
        self._workers: OnDemandWorkers | None = None
        self._restarts: defaultdict[str, deque[float]] = defaultdict(deque)
        self.warnings: tuple[str, ...] = ()
        """What a person has to know before anything is kept here; known once storage is started."""

    @property
    def passwords(self) -> dict[str, str]:
        """Airflow's users and their passwords; known once started."""
        return {} if self._airflow is None else self._airflow.passwords

    def start(self) -> None:
        """Start everything; returns when all of it answers."""
        self.start_storage()
        self.start_airflow()

    def start_storage(self) -> None:
        """Start store and database, migrated and with the bucket made; takes the data folder's lock.

        Airflow's port is held first of all: where it is taken, nothing starts.
        """
        with self._stopped_on_failure():
            self._start_storage()

    def start_airflow(self) -> None:
        """Start the replay host, the workers, and Airflow on the database; `start_storage` has gone before."""
        with self._stopped_on_failure():
            self._start_replay()
            self._start_airflow()

    def stop(self) -> None:
        """End everything, last started first; returns when no process is left."""
        self._undo.close()

    def restart_dead(self) -> None:
        """Start again what ended by itself; raises `ServiceError` for what ends again and again."""
        if self._store is not None and self._store.restart_if_dead():
            self._count_restart("The object store")
        if self._database is not None and self._database.restart_if_dead():
            self._count_restart("The database")
        if self._replay is not None and self._replay.restart_if_dead():
            self._count_restart("The replay host")
        if self._airflow is not None:
            for name in self._airflow.restart_dead():
                self._count_restart(f"Airflow's {name}")
            for name, wrong in self._airflow.restart_stuck():
                self._count_restart(f"Airflow's {name}", wrong)
        if self._workers is not None:
            for sentence in self._workers.restart_dead():
                self._on_progress(sentence)

    def watch(self) -> None:
        """Keep everything running until interrupted; raises `ServiceError` when that is not possible."""
        while True:
            time.sleep(1)
            self.restart_dead()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep everything running while the block does something else.

        Raises `ServiceError`, also inside the block, when that is not possible.
        """
        stopped = threading.Event()
        problems: list[ServiceError] = []

        def keep() -> None:
            while not stopped.wait(1):
                try:
                    self.restart_dead()
                except ServiceError as problem:
                    problems.append(problem)
                    signal.raise_signal(signal.SIGINT)  # which Python hands to the main thread
                    return

        keeping = threading.Thread(target=keep, name="stack", daemon=True)
        keeping.start()
        try:
            yield
        except KeyboardInterrupt:
            if not problems:
                raise
        finally:
            stopped.set()
            keeping.join()
        if problems:
            raise problems[0]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextmanager
    def _stopped_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def _start_storage(self) -> None:
        data = self.settings.data
        make_data_folder(data)
        lock = DataFolderLock(data)
        lock.take()
        self._undo.callback(lock.release)
        if left := end_leftovers(data):
            self._on_progress(f"Ended {len(left)} processes that an earlier stack had left behind.")
        self._airflow_port = reserve_port(self.settings.airflow_port)
        self._undo.callback(self._airflow_port.release)
        self._undo.callback(remove_stack_file, self.settings)
        if self.settings.s3_endpoint is None:
            self._start_object_store()
        # Airflow's own tables stay on the embedded server, wherever the archive's are.
        self._start_database()
        for thing in prepare_archive(self.settings):
            if thing.problem is not None:
                self._on_progress(thing.problem)
        if self._store is not None and (found := self._store.open_to_others()):
            self.warnings = (FOR_TRYING_OUT_ONLY.format(" ".join(found)),)
        write_stack_file(self.settings)

    def _start_object_store(self) -> None:
        settings = self.settings
        self._on_progress("The object store starts ...")
        self._store = ObjectStoreServer(settings.data / "store", port=settings.s3_port, home=settings.data)
        self._undo.callback(self._store.stop)
        self._store.start()
        self.settings = replace(
            settings,
            s3_endpoint=self._store.endpoint,
            s3_access_key=self._store.access_key,
            s3_secret_key=self._store.secret_key,
            lock_mode=settings.lock_mode or "governance",
            lock_days=settings.lock_days or LOCK_DAYS,
        )

    def _start_database(self) -> None:
        settings = self.settings
        self._on_progress("The database starts ...")
        self._database = PostgresServer(settings.data / "postgres", home=settings.data)
        self._undo.callback(self._database.stop)
        self._database.start()
        if settings.database_writer_url is None and settings.database_reader_url is None:
            access = self._database.access
            self.settings = replace(
                settings,
                database_url=access.owner_url,
                database_writer_url=access.writer_url,
                database_reader_url=access.reader_url,
                database_access_url=access.access_url,
                database_sql_url=access.sql_url,
                database_drill_url=self._database.drill_url,
            )

    def _start_airflow(self) -> None:
        settings = self.settings
        if self._database is None or self._airflow_port is None:
            raise ServiceError("Airflow has no database: storage starts first.")
        self._airflow = AirflowServer(
            settings.data / "airflow",
            database_url=self._database.airflow_url,
            data=settings.data,
            port=self._airflow_port.port,
            nights_since=settings.nights_since,
            on_progress=self._on_progress,
        )
        self._undo.callback(self._airflow.stop)
        # Tasks may run before `start` returns, and read the file.
        self._airflow.prepare()
        access = self._airflow.access
        self.settings = replace(
            settings,
            airflow_url=access.url,
            airflow_user=access.user,
            airflow_password=access.password,
            airflow_process=access.stack_process,
            nights_since=settings.nights_since or self._airflow.first_started,
        )
        write_stack_file(self.settings)
        self._start_workers()
        self._airflow.start()

    def _start_workers(self) -> None:
        """They do their imports while Airflow starts; what is waiting from before they do at once."""
        self._workers = OnDemandWorkers(self.settings)
        self._undo.callback(self._workers.stop)
        self._workers.start()

    def _start_replay(self) -> None:
        """The replay host; without pywb's environment everything else works, and the pages say so."""
        if wayback_program() is None:
            self._on_progress(f"The replay host does not start: pywb's environment is missing. {HOW_TO_REPLAY}")
            return
        self._replay = ReplayServer(self.settings)
        self._undo.callback(self._replay.stop)
        self.settings = replace(self.settings, replay_url=self._replay.url)
        write_stack_file(self.settings)
        self._replay.start()

    def _count_restart(self, name: str, wrong: str = "had ended by itself") -> None:
        times = self._restarts[f"{name} {wrong}"]
        times.append(time.monotonic())
        while times[0] < times[-1] - RESTARTS_WITHIN_S:
            times.popleft()
        if len(times) > RESTARTS:
            raise ServiceError(
                f"{name} ended {len(times)} times within {RESTARTS_WITHIN_S / 60:.0f} minutes; "
                f"its log is below {self.settings.data}."
            )
        self._on_progress(f"{name} {wrong} and was started again ({len(times)} of {RESTARTS}).")
