"""The keeper: what a service starts ends with it, whatever it does to get away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.supervise.processes import (
    KEEPER,
    MARK,
    ServiceError,
    SupervisedProcess,
    end_leftovers,
    is_alive,
    processes_of_data_folder,
)

pytestmark = pytest.mark.slow

LEAVES_EVERYTHING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(sys.argv[1] + "/grandchild", "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""
"""Ignores SIGTERM; its grandchild has left group, session and parent, and ignores it, too."""


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., SupervisedProcess]:
    def make(*command: str, **more: object) -> SupervisedProcess:
        return SupervisedProcess(
            name="The thing",
            command=command,
            home=tmp_path,
            log=tmp_path / "log",
            cwd=tmp_path,
            env=dict(os.environ),
            grace_s=0.5,
            **more,  # type: ignore[arg-type]  # whatever the test says
        )

    return make


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)
    return path.read_text()


def test_a_grandchild_that_has_left_group_and_parent_ends_too(
    kept: Callable[..., SupervisedProcess], tmp_path: Path
) -> None:
    process = kept(sys.executable, "-c", LEAVES_EVERYTHING, str(tmp_path))
    process.start()
    grandchild = int(wait_for(tmp_path / "grandchild"))
    assert is_alive(grandchild)

    process.stop()

    assert not is_alive(grandchild)
    assert processes_of_data_folder(tmp_path) == ()


def test_what_is_left_of_a_command_that_ended_by_itself_ends_too(
    kept: Callable[..., SupervisedProcess], tmp_path: Path
) -> None:
    process = kept("/bin/sh", "-c", "sleep 600 & echo $! > child; exit 7")
    process.start()
    child = int(wait_for(tmp_path / "child"))

    deadline = time.monotonic() + 20
    while process.alive:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert process.exit_code == 7
    assert not is_alive(child)


def test_a_killed_command_reports_its_signal(kept: Callable[..., SupervisedProcess]) -> None:
    process = kept("/bin/sh", "-c", "kill -9 $$")
    process.start()

    with pytest.raises(ServiceError, match="The thing ended with code 137"):
        process.wait_until(lambda: False, timeout_s=20)


def test_a_command_that_is_not_there_says_so_in_the_log(kept: Callable[..., SupervisedProcess]) -> None:
    process = kept("/nowhere/program")
    process.start()

    with pytest.raises(ServiceError, match=r"ended with code 127.*\n/nowhere/program: No such file or directory"):
        process.wait_until(lambda: False, timeout_s=20)


def test_the_stop_signal_comes_first_and_is_the_services_own(
    kept: Callable[..., SupervisedProcess], tmp_path: Path
) -> None:
    process = kept(
        "/bin/sh", "-c", "trap 'echo fast > how; exit 0' INT; echo yes > up; while :; do sleep 0.05; done",
        stop_signal=signal.SIGINT,
    )  # fmt: skip
    process.start()
    wait_for(tmp_path / "up")

    process.stop()

    assert (tmp_path / "how").read_text() == "fast\n"
    assert process.exit_code == 0


def test_everything_ends_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent_code = (
        "import sys, time; sys.argv = sys.argv[1:]\n"
        "from pathlib import Path; from pipeline.supervise.processes import SupervisedProcess; import os\n"
        "home = Path(sys.argv[0])\n"
        "SupervisedProcess(name='x', command=['/bin/sh', '-c', 'echo $$ > pid; sleep 600'], home=home,"
        " log=home / 'log', cwd=home, env=dict(os.environ)).start()\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code, str(tmp_path)])
    child = int(wait_for(tmp_path / "pid"))

    parent.kill()
    parent.wait()

    deadline = time.monotonic() + 20
    while processes_of_data_folder(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not is_alive(child)


def test_leftovers_are_found_by_their_mark_and_only_those_of_this_stack(tmp_path: Path) -> None:
    ours = subprocess.Popen(["/bin/sleep", "600"], env={MARK: str(tmp_path)})
    others = subprocess.Popen(["/bin/sleep", "600"], env={MARK: f"{tmp_path}-other"})
    try:
        assert end_leftovers(tmp_path) == (ours.pid,)
        assert ours.wait() == -signal.SIGTERM
        assert others.poll() is None
    finally:
        others.kill()
        others.wait()


def test_a_leftover_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' TERM; echo yes > up; while :; do sleep 0.1; done"],
        env={MARK: str(tmp_path), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
    )
    wait_for(tmp_path / "up")

    assert stubborn.pid in end_leftovers(tmp_path, patience_s=0.3)
    assert stubborn.wait() == -signal.SIGKILL


def test_a_log_is_for_its_owner_alone_and_set_aside_when_long(
    kept: Callable[..., SupervisedProcess], tmp_path: Path
) -> None:
    (tmp_path / "log").write_bytes(b"x" * 10_000_001)
    process = kept("/bin/echo", "anew")
    process.start()
    process._keeper.wait()  # type: ignore[union-attr]  # started above

    assert (tmp_path / "log").read_text() == "anew\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "log.1").stat().st_size == 10_000_001


SAYS_ITS_PRIORITY = """
import os, pathlib, sys
group = pathlib.Path("/proc/self/autogroup")
shown = group.read_text().split()[-1] if group.exists() and os.nice(0) else "0"
pathlib.Path(sys.argv[1]).write_text(f"{os.nice(0)} {shown}")
"""


def test_what_yields_also_yields_in_the_sessions_that_it_begins(
    kept: Callable[..., SupervisedProcess], tmp_path: Path
) -> None:
    says = (sys.executable, "-c", SAYS_ITS_PRIORITY)
    below = (sys.executable, "-I", "-S", str(KEEPER), "15", "1", "-", "-", *says, str(tmp_path / "below"))
    script = f"import subprocess; subprocess.Popen({below!r}, stdin=subprocess.PIPE).wait()"
    inner = kept(sys.executable, "-c", script, niceness=5)
    ordinary = kept(*says, str(tmp_path / "ordinary"))

    inner.start()
    ordinary.start()

    here = os.nice(0)
    yielding = min(here + 5, 19)
    grouped = Path("/proc/self/autogroup").exists()
    assert wait_for(tmp_path / "below") == f"{yielding} {yielding if grouped else 0}"
    assert wait_for(tmp_path / "ordinary") == f"{here} {here if grouped else 0}"
