"""The commands `sql` and `sql-login`: questions in SQL over the documented views."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail, harmless, out, plain

if TYPE_CHECKING:
    from storage.sql_access.session import SqlAnswer

ROWS_OF_TABLE: Final = 1_000
WIDEST: Final = 60
"""Characters of a cell that a table shows."""


def sql(
    statement: Annotated[
        str | None, typer.Argument(metavar="SELECT", help="One SELECT. Without it: the views there are.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV (RFC 4180).")] = False,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write a Parquet file instead.")
    ] = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, max=3600, metavar="S", help="Seconds that a step may take.")
    ] = 60,
    as_json: JsonOption = False,
) -> None:
    """Ask the archive in SQL: one SELECT over the views of the schema `archive`, which can change nothing.

    Who asks as the role letapis_sql (LETAPIS_DATABASE_SQL_URL) sees everything; with a login of their own,
    people see what they see on the pages.
    """
    from pipeline.config.settings import SettingsError, load_settings
    from storage.errors import StorageError
    from storage.parquet import write_parquet
    from storage.sql_access.session import answer_of, described_views

    if as_csv + as_json + (parquet is not None) > 1:
        raise fail("Expected one of --json, --csv and --parquet.", Exit.WRONG_USE)
    try:
        url = load_settings().database_sql_url
        if url is None:
            raise fail(
                "No database for SQL is known: start the stack, or set LETAPIS_DATABASE_SQL_URL, the database as "
                "the role letapis_sql or as your own login.",
                Exit.WRONG_USE,
            )
        if statement is None:
            views = [
                {"kind": "sql_view", "name": f"archive.{name}", "holds": holds}
                for name, holds in described_views(url).items()
            ]
            emit(views, as_json=as_json, human=lambda row: f"{row['name']}: {row['holds']}")
            return
        with answer_of(url, statement, timeout_s=timeout_s) as answer:
            if parquet is not None:
                written = write_parquet(parquet.resolve(), answer.columns, map(_flat, answer.rows))
                err.print(f"{parquet}: {written.rows} rows, {written.sha256}", markup=False)
            elif as_csv:
                _print_csv(answer)
            elif as_json:
                emit(_json_rows(answer), as_json=True, human=str)
            else:
                _print_table(answer)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem


def sql_login(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person, as they log in to the pages.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="After so many days the password ends.")] = 90,
    as_json: JsonOption = False,
) -> None:
    """Print the statements by which the database's administrator gives a person a login of their own for SQL.

    With it, that person sees by SQL what they see on the pages, at any time: a member who is removed from a case
    sees nothing of it any more. Nothing is changed by this command.
    """
    from storage.sql_access.logins import new_login

    login = new_login(name, days=days)
    row = {
        "kind": "sql_login",
        "member": login.member,
        "login": login.login,
        "password": login.password,
        "valid_until": login.valid_until,
        "statements": list(login.statements),
        "removal": list(login.removal),
    }
    emit([row], as_json=as_json, human=_describe_login)


def _describe_login(row: Mapping[str, Any]) -> str:
    lines = [
        f"-- {row['member']}, until {row['valid_until']:%Y-%m-%d}. Run as the database's administrator:",
        *row["statements"],
        "-- to take it away again:",
        *(f"-- {each}" for each in row["removal"]),
    ]
    return "\n".join(lines)


def _json_rows(answer: "SqlAnswer") -> Iterator[dict[str, Any]]:
    names = [column.name for column in answer.columns]
    for row in answer.rows:
        values = dict(zip(names, map(_json_value, row), strict=True))
        yield {"kind": "sql_row", "values": values}


def _json_value(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else _text(value)


def _flat(row: Sequence[Any]) -> list[Any]:
    """The values as columns of a file hold them: an object or list as JSON."""
    return [_nested(value) if isinstance(value, list | dict) else value for value in row]


def _nested(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    try:
        return plain(value)
    except TypeError:
        return str(value)


def _print_csv(answer: "SqlAnswer") -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow([column.name for column in answer.columns])
    for row in answer.rows:
        writer.writerow(["" if value is None else _json_value(value) for value in _flat(row)])


def _print_table(answer: "SqlAnswer") -> None:
    rows = [_cells(row) for row in islice(answer.rows, ROWS_OF_TABLE)]
    more = next(answer.rows, None) is not None
    names = [column.name for column in answer.columns]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for row in [names, ["-" * width for width in widths], *rows] if names else rows:
        out.print(_line(row, widths), markup=False)
    err.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", markup=False)
    if more:
        err.print("There are more: --csv, --json and --parquet give all of them.", markup=False)


def _cells(row: Sequence[Any]) -> list[str]:
    texts = ("" if value is None else harmless(str(_json_value(value))).replace("\n", " ") for value in _flat(row))
    return [text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…" for text in texts]


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(sql)
    app.command("sql-login")(sql_login)
