"""Runs many `letapis` commands, each in a process and with streams of its own, without loading the program anew.

In: JSON lines on stdin, each with ``argv``, ``env``, ``cwd``, ``umask``, ``stdout`` (``file``, ``full``, ``gone``,
``closed``) and ``encoding``. Out: JSON lines with ``code``, ``out``, ``err``. A child is what a shell would start:
its own streams, its own environment, its exit as the interpreter ends it.
"""

import io
import json
import os
import sys
import tempfile
import traceback
from typing import Any, TextIO

import pipeline.cli
import pipeline.collect.harvest
import pipeline.collect.telegram_import
import pipeline.preserve.audit
import pipeline.process.rebuild
import pipeline.setup.doctor
import pipeline.sources.trial
import processors.documents.sandboxed_reader  # noqa: F401 # what commands load when they run is loaded once, here

STDOUT = {"file": None, "full": "/dev/full"}


def stream(number: int, encoding: str, errors: str) -> TextIO | None:
    """A standard stream as the interpreter makes it; None where it is closed."""
    try:
        os.fstat(number)
    except OSError:
        return None
    return io.TextIOWrapper(
        os.fdopen(number, "wb", closefd=False), encoding=encoding, errors=errors, write_through=number == 2
    )


def run(case: dict[str, Any], answers: int, problems: int) -> None:
    """The child: ends with the command's exit code."""
    os.environ.clear()
    os.environ.update(case["env"])
    os.chdir(case["cwd"])
    os.umask(case["umask"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(problems, 2)
    if case["stdout"] == "gone":
        read_end, write_end = os.pipe()
        os.close(read_end)
        os.dup2(write_end, 1)
    elif case["stdout"] == "closed":
        os.close(1)
    else:
        path = STDOUT[case["stdout"]]
        os.dup2(answers if path is None else os.open(path, os.O_WRONLY), 1)
    sys.stdout = stream(1, case["encoding"], "strict")
    sys.stderr = stream(2, case["encoding"], "backslashreplace")
    sys.argv = ["letapis", *case["argv"]]
    code: Any = 0
    try:
        pipeline.cli.main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        os.write(2, f"Exception ignored while flushing sys.stdout: {problem}\n".encode())
        code = 120
    os._exit(int(code))


def main() -> None:
    """Each case in the order of the lines."""
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        case = json.loads(line)
        with tempfile.TemporaryFile() as answers, tempfile.TemporaryFile() as problems:
            child = os.fork()
            if child == 0:
                run(case, answers.fileno(), problems.fileno())
            _, status = os.waitpid(child, 0)
            said = []
            for file in (answers, problems):
                file.seek(0)
                said.append(file.read().decode("utf-8", "replace"))
        code = os.waitstatus_to_exitcode(status)
        answer_to.write(json.dumps({"code": code, "out": said[0], "err": said[1]}) + "\n")
        answer_to.flush()


if __name__ == "__main__":
    main()
