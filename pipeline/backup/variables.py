"""Settings as they were given: the variables of this process and of the file `.env`, kept and brought back.

In: variables. Out: the text of a `.env` that gives the same values (`pipeline.config.parsing.read_dotenv`). What a
running stack says of itself is no part of it: the next stack says its own. Keys for purging are left out, since
they are kept apart from the daily work on purpose.
"""

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from pipeline.config.parsing import EGRESS_PREFIX, read_dotenv
from pipeline.config.settings import GROUPS, NOT_VARIABLES, ROOT, Settings, variable

DOTENV: Final = ROOT / ".env"

AIRFLOW_SECRETS: Final = (
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
)
"""Where an Airflow of one's own may have its secrets (Airflow 3.3, configuration reference)."""

_KNOWN: Final = frozenset(variable(each.name) for each in fields(Settings) if each.name not in NOT_VARIABLES)
_FOR_PURGES: Final = frozenset(name for name in _KNOWN if "_PURGE_" in name)


def given_variables(env: Mapping[str, str] | None = None, *, dotenv: Path = DOTENV) -> dict[str, str]:
    """Every setting that was given, by its variable; those of the process win, as in `load_settings`."""
    written, _ = read_dotenv(dotenv)
    process = {name: value for name, value in (os.environ if env is None else env).items() if value.strip()}
    return {name: value for name, value in sorted((written | process).items()) if is_setting(name)}


def is_setting(name: str) -> bool:
    """Whether a variable is a setting that a backup keeps."""
    return (name in _KNOWN and name not in _FOR_PURGES) or name.startswith(EGRESS_PREFIX)


def purge_variables(env: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The variables of keys for purging that are set here, and that a backup leaves out."""
    return tuple(sorted(_FOR_PURGES & (os.environ if env is None else env).keys()))


def merged(kept: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a backup, with those that are given here in their place.

    A store, database or Airflow that is named here is never completed from the backup: its address with the key of
    another would be a mixture that nobody wanted. A second store that has become the first is no second one.
    """
    left_out = {
        variable(name)
        for first, rest in GROUPS.items()
        if (named := given.get(variable(first))) is not None and kept.get(variable(first)) != named
        for name in (first, *rest)
    }
    values = {name: value for name, value in kept.items() if name not in left_out} | dict(given)
    bucket = Settings.s3_bucket
    first, second = (
        (values.get(f"LETAPIS_{which}_ENDPOINT"), values.get(f"LETAPIS_{which}_BUCKET", bucket))
        for which in ("S3", "REPLICA")
    )
    if first == second:
        replica = {variable(name) for name in ("replica_endpoint", *GROUPS["replica_endpoint"])}
        values = {name: value for name, value in values.items() if name not in replica}
    return values


def as_dotenv(values: Mapping[str, str]) -> str:
    """The lines of a `.env`; raises ``ValueError`` with the name of a value that no line can hold."""
    lines = []
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise ValueError(name)
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        lines.append(f'{name}="{value}"\n' if quoted or value != value.strip() else f"{name}={value}\n")
    return "".join(lines)
