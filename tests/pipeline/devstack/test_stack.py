"""The supervisor: one per data folder, nothing left behind, and there again after kill -9."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipeline.config.archive_factory import open_store
from pipeline.config.settings import Settings, SettingsError, load_settings
from pipeline.devstack.data_folder import StackAlreadyRuns
from pipeline.devstack.exposure import open_to_others
from pipeline.devstack.stack import RESTARTS, Stack
from pipeline.setup.doctor import examine
from pipeline.supervise.processes import ServiceError, processes_of_data_folder
from processors.digest import sha256

START_STORAGE_AND_WAIT = """
import sys, time
from pathlib import Path
from pipeline.devstack.stack import Stack
from pipeline.config.settings import Settings
Stack(Settings(data=Path(sys.argv[1]))).start_storage()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def data(services_folder: Path, request: pytest.FixtureRequest) -> Path:
    return services_folder / str(request.node.name)


@pytest.fixture
def stack(data: Path) -> Iterator[Stack]:
    stack = Stack(Settings(data=data))
    stack.start_storage()
    yield stack
    stack.stop()


def test_a_running_stack_tells_other_shells_how_it_is_reached(stack: Stack, data: Path) -> None:
    elsewhere = load_settings({"LETAPIS_DATA": str(data)})

    assert elsewhere.store() == stack.settings.store()
    assert elsewhere.database() == stack.settings.database()


def test_no_port_or_socket_of_store_and_database_answers_without_a_key(stack: Stack, data: Path) -> None:
    s3_port = urlsplit(stack.settings.s3_endpoint or "").port or 0

    assert stack.warnings == ()
    assert open_to_others(processes_of_data_folder(data), asks_for_a_key=[s3_port]) == ()


def test_a_store_that_others_reach_is_for_trying_out_only_and_up_and_doctor_say_so(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.devstack.seaweedfs.new_certificates", lambda *_: "")
    stack = Stack(Settings(data=data))
    stack.start_storage()
    try:
        (warning,) = stack.warnings
        check = next(check for check in examine(stack.settings) if check.name == "Evidence")
    finally:
        stack.stop()

    assert "for trying out only" in warning
    assert "answers gRPC without a key" in warning
    assert (check.state, check.found) == ("missing", warning)


def test_a_stopped_stack_leaves_neither_process_nor_address(stack: Stack, data: Path) -> None:
    stack.stop()

    assert processes_of_data_folder(data) == ()
    with pytest.raises(SettingsError, match="No object store is known"):
        load_settings({"LETAPIS_DATA": str(data)}).store()


def test_a_second_stack_over_the_same_folder_is_told_whose_it_is(stack: Stack, data: Path) -> None:
    with pytest.raises(
        StackAlreadyRuns, match=rf"over {data} already \(process {os.getpid()}, since .*LETAPIS_DATA"
    ):
        Stack(Settings(data=data)).start_storage()

    assert load_settings({"LETAPIS_DATA": str(data)}).store() == stack.settings.store()


def test_two_stacks_over_two_folders_do_not_meet(stack: Stack, services_folder: Path) -> None:
    other = Stack(Settings(data=services_folder / "other"))
    other.start_storage()
    try:
        assert other.settings.s3_endpoint != stack.settings.s3_endpoint
        assert other.settings.database_url != stack.settings.database_url
    finally:
        other.stop()

    assert list(open_store(stack.settings).list()) == []


def test_after_kill_9_nothing_deposited_is_lost_and_the_folder_is_free(data: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", START_STORAGE_AND_WAIT, str(data)], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "started\n"
    store = open_store(load_settings({"LETAPIS_DATA": str(data)}))
    kept = store.put_new("warc/kept", b"seen", sha256=sha256(b"seen"))
    for pid in (supervisor.pid, *processes_of_data_folder(data)):
        os.kill(pid, signal.SIGKILL)
    supervisor.communicate()
    assert load_settings({"LETAPIS_DATA": str(data)}).s3_endpoint is None

    stack = Stack(Settings(data=data))
    stack.start_storage()
    try:
        assert open_store(stack.settings).read("warc/kept", kept.version_id) == b"seen"
    finally:
        stack.stop()
    assert processes_of_data_folder(data) == ()


def test_a_service_that_ends_is_started_again_until_it_ends_too_often(stack: Stack) -> None:
    said: list[str] = []
    stack._on_progress = said.append

    for _ in range(RESTARTS):
        stack._store.kill()  # type: ignore[union-attr]  # started by the fixture
        stack.restart_dead()
        assert list(open_store(stack.settings).list()) == []
    stack._store.kill()  # type: ignore[union-attr]  # as above

    assert said[-1] == "The object store had ended by itself and was started again (3 of 3)."
    with pytest.raises(ServiceError, match=r"The object store ended 4 times within 10 minutes; its log is below"):
        stack.restart_dead()


def test_what_falls_beside_other_work_is_started_again_and_too_often_ends_that_work(stack: Stack) -> None:
    said: list[str] = []
    stack._on_progress = said.append

    with pytest.raises(ServiceError, match="The object store ended 4 times within 10 minutes"), stack.watched():
        for number in range(RESTARTS + 1):
            stack._store.kill()  # type: ignore[union-attr]  # started by the fixture
            deadline = time.monotonic() + 120
            while len(said) <= number and time.monotonic() < deadline:
                time.sleep(0.05)

    assert len(said) == RESTARTS


def test_an_outside_store_is_used_and_not_started(stack: Stack, services_folder: Path) -> None:
    outside = stack.settings.store()
    told = {
        "LETAPIS_DATA": str(services_folder / "using"),
        "LETAPIS_S3_ENDPOINT": outside.endpoint,
        "LETAPIS_S3_BUCKET": "elsewhere",
        "LETAPIS_S3_ACCESS_KEY": outside.access_key,
        "LETAPIS_S3_SECRET_KEY": outside.secret_key,
        "LETAPIS_LOCK_MODE": "governance",
        "LETAPIS_LOCK_DAYS": "2",
    }
    using = Stack(load_settings(told, running_stack=False))
    using.start_storage()
    try:
        assert using.settings.store().lock_days == 2
        assert not (services_folder / "using" / "store").exists()
    finally:
        using.stop()
