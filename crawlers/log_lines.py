"""Lines of the log as JSON, one object a line, where `LETAPIS_LOGS_AS` is `json`.

In: sentences, records of Python's logging, errors that nobody caught. Out: lines on standard error with the keys
``at`` (UTC), ``level``, ``logger``, ``pid``, ``message``, and ``error``, a traceback, where there is one. The
variable is handed to every process that is started, so crawls, engines and workers write the same.
Source: the names of the levels are those of Python's logging, in lower case.
"""

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

LOGS_AS: Final = "LETAPIS_LOGS_AS"
JSON: Final = "json"
TEXT: Final = "text"


def are_json() -> bool:
    """Whether this process writes its log as JSON."""
    return os.environ.get(LOGS_AS, "").strip().lower() == JSON


def log_line(
    message: str, *, level: str, logger: str, at: datetime | None = None, error: str | None = None
) -> str:
    """One line without its end."""
    row = {
        "at": (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level,
        "logger": logger,
        "pid": os.getpid(),
        "message": message,
    }
    return json.dumps(row if error is None else row | {"error": error}, ensure_ascii=True)


class JsonLines(logging.Formatter):
    """Records as `log_line`s."""

    def format(self, record: logging.LogRecord) -> str:
        """As `logging.Formatter.format`."""
        return log_line(
            record.getMessage(),
            level=record.levelname.lower(),
            logger=record.name,
            at=datetime.fromtimestamp(record.created, UTC),
            error=None if record.exc_info is None else self.formatException(record.exc_info),
        )


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment: a confidential piece of work takes it away."""

    def emit(self, record: logging.LogRecord) -> None:
        """As `logging.StreamHandler.emit`."""
        self.stream = sys.stderr
        super().emit(record)


def begin_json_lines() -> bool:
    """Make warnings, records and uncaught errors of this process lines of JSON; False where the log is text."""
    if not are_json():
        return False
    handler = StandardError()
    handler.setFormatter(JsonLines())
    handler.setLevel(logging.WARNING)  # as Python does by itself; what commands say of their work is `log_line`s
    logging.root.handlers = [handler]
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    return True


def _uncaught(kind: type[BaseException], problem: BaseException, where: TracebackType | None) -> None:
    text = "".join(traceback.format_exception(kind, problem, where))
    line = log_line(f"{kind.__name__}: {problem}", level="critical", logger="letapis", error=text)
    sys.stderr.write(f"{line}\n")
