"""What the kernel takes from a process that runs an operator's code, tried by one that is confined."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from processors.sandbox.kernel_rules import program_folders, why_unavailable

CONFINED = """
import ctypes, errno, json, os, signal, socket, subprocess, sys, threading
from processors.sandbox.kernel_rules import confine, program_folders
confine(program_folders())
"""


def tried(code: str, *arguments: str) -> str:
    """What a confined process says of trying something."""
    script = (
        CONFINED
        + f"try:\n    {code}\n    print('done')\nexcept OSError as e:\n    print(errno.errorcode[e.errno])\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", script, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.strip()


def test_this_kernel_can_confine() -> None:
    assert why_unavailable() is None


def test_what_a_parser_needs_it_can_read(tmp_path: Path) -> None:
    assert tried("open(ctypes.__file__).read()") == "done"
    assert (
        tried("import processors.register.page, xml.dom.minidom, zoneinfo; zoneinfo.ZoneInfo('Europe/Minsk')")
        == "done"
    )
    assert tried("t = threading.Thread(target=print); t.start(); t.join()") == "done"


@pytest.mark.parametrize(
    "code",
    [
        "open(sys.argv[1]).read()",
        "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "open('/proc/self/environ', 'rb').read()",
        "open('/etc/passwd').read()",
        "os.listdir('/')",
        "open(sys.argv[1], 'w')",
        "os.unlink(sys.argv[1])",
        "open('/tmp/new-file', 'w')",
    ],
)
def test_files_besides_are_closed_to_it(code: str, tmp_path: Path) -> None:
    secret = tmp_path / "stack.json"
    secret.write_text("the key")
    assert tried(code, str(secret)) == "EACCES"
    assert secret.read_text() == "the key"


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "subprocess.run(['/bin/true'])",
        "os.execv(sys.executable, [sys.executable])",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
        "os.pidfd_open(os.getppid())",
    ],
)
def test_it_speaks_to_nobody_and_starts_nothing(code: str) -> None:
    assert tried(code) in ("EPERM", "EACCES")


def test_it_looks_into_no_other_process() -> None:
    attach = (
        "libc = ctypes.CDLL(None, use_errno=True); libc.ptrace(16, os.getppid(), 0, 0) and 0; "
        "raise OSError(ctypes.get_errno(), 'x')"
    )
    assert tried(attach) == "EPERM"


def test_the_folders_hold_none_of_ours() -> None:
    from pipeline.config.settings import ROOT

    for folder in program_folders():
        assert not (ROOT / ".env").is_relative_to(folder)
        assert not (ROOT / ".letapis" / "stack.json").is_relative_to(folder)


CLIENT = """
import errno, os, socket, subprocess, sys, threading
from processors.sandbox.kernel_rules import confine_client, program_folders
own, port = sys.argv[1], int(sys.argv[2])
confine_client(program_folders(), listed=(), own=own, port=port)
"""


def tried_by_client(code: str, own: Path, port: int) -> str:
    """What a client of the recorder says of trying something."""
    script = (
        CLIENT
        + f"try:\n    {code}\n    print('done')\nexcept OSError as e:\n    print(errno.errorcode[e.errno])\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", script, str(own), str(port)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("open(f'{own}/a', 'w').write('x'); os.replace(f'{own}/a', f'{own}/b'); os.unlink(f'{own}/b')", "done"),
        ("os.mkdir(f'{own}/media'); open(f'{own}/media/0', 'w').close()", "done"),
        ("socket.create_connection(('127.0.0.1', port)).close()", "done"),
        ("import asyncio; asyncio.run(asyncio.sleep(0)); threading.Thread(target=print).start()", "done"),
        ("open(f'{own}/../beside', 'w')", "EACCES"),
        ("open('/etc/passwd').read()", "EACCES"),
        ("socket.create_connection(('127.0.0.1', port + 1))", "EACCES"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "EPERM"),
        ("subprocess.run(['/bin/true'])", "EPERM"),
        ("os.fork()", "EPERM"),
    ],
)
def test_a_client_keeps_files_of_its_own_and_reaches_the_recorder_alone(
    code: str, answer: str, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as recorder:
        assert tried_by_client(code, own, recorder.getsockname()[1]).split()[-1] == answer
