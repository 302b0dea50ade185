"""Errors of PostgreSQL without the values of rows: they are shown and logged, and rows hold persons and cases.

In: an engine. Out: the same engine, of whose errors only the first message is left. ``DETAIL``, ``CONTEXT`` and
the line of the statement are dropped, and of data exceptions what stands in quotation marks, which is the value.
Source: PostgreSQL 17, "Error Message Style Guide" and appendix A (class 22); libpq, ``PQresultErrorField``.
"""

import re
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

DATA_EXCEPTION: Final = "22"
"""Class of SQLSTATE codes whose first message quotes a value."""


def without_values(engine: Engine) -> Engine:
    """Have every error of this engine say what is wrong, and not of what."""
    event.listen(engine, "handle_error", _shorten)
    return engine


def _shorten(context: ExceptionContext) -> None:
    problem = context.original_exception
    message = getattr(getattr(problem, "diag", None), "message_primary", None)
    if message is None:
        return  # no answer of the server: there are no rows in it
    if (getattr(problem, "pgcode", None) or "").startswith(DATA_EXCEPTION):
        message = re.sub(r'".*"', '"..."', message, flags=re.DOTALL)
    problem.args = (message,)
    wrapped = context.sqlalchemy_exception
    if wrapped is not None:
        kind = type(problem)
        wrapped.args = (f"({kind.__module__}.{kind.__name__}) {message}",)
