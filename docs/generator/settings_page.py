"""The reference of settings, from `pipeline.config.settings.Settings`: name, accepted values, default, meaning."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from docs.generator.attribute_docs import attribute_docs
from docs.generator.markdown import code
from pipeline.config.parsing import EGRESS_PREFIX, LOCK_MODES, READERS
from pipeline.config.settings import ROOT, Settings, variable

HEAD = """# Settings: every variable

Each setting is an environment variable or a line `NAME=value` in the file `.env`. [Settings](../settings.md) says
which of them counts when several name a value, and explains those that need more than a line.

"""

NO_VARIABLE = frozenset({"airflow_process"})
"""Fields that no operator sets."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Folders and files": ("data", "watchlist", "extensions", "search_index", "packages", "validation_report"),
    "Object store": ("s3_", "lock_"),
    "Second store": ("replica_",),
    "Nightly and weekly jobs": ("audit_", "renew_", "nights_", "keep_", "quality_"),
    "Keys and outlets": ("sealing_", "log_", "package_", "outlets"),
    "Logins": ("login_",),
    "Database": ("database_",),
    "Airflow": ("airflow_", "roles"),
    "Monitoring": ("logs_as", "metrics_", "morning_", "alarm_"),
    "Replay": ("replay_",),
    "Crawls": (
        "workers",
        "connect_",
        "allow_",
        "upstream_",
        "chromium",
        "egress",
        "own_address_url",
        "user_agent",
        "collector",
    ),
    "Files that people bring": ("receive_",),
    "Time": ("time_", "algorithms_"),
}
"""Headings of the page, and the settings below each of them: names, or beginnings of names."""

FORMS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    Path: "a path; a relative one is meant from the project's folder",
    Mapping[str, str]: "`GROUP=ROLE` pairs, separated by commas",
    tuple[str, ...]: "one or several, separated by commas or spaces",
}


def variable_names() -> list[str]:
    """Every variable, in the order of the code; that of egress profiles ends in `NAME`."""
    return [_variable(each) for each in fields(Settings) if each.name not in NO_VARIABLE]


def settings_page() -> str:
    """The page in Markdown."""
    docs, types = attribute_docs(Settings), get_type_hints(Settings)
    settings = [each for each in fields(Settings) if each.name not in NO_VARIABLE]
    return HEAD + "".join(
        f"## {heading}\n\n"
        + "".join(
            _section(each, docs[each.name], types[each.name])
            for each in settings
            if _belongs(each.name, beginnings)
        )
        for heading, beginnings in GROUPS.items()
    )


def _section(field: "Field[Any]", doc: str, of: Any) -> str:
    accepted = _accepted(field.name, of)
    return (
        f"### {_variable(field)}\n\n{doc.partition(' Default: ')[0]}\n\n"
        f"- Accepts: {accepted}\n- Default: {_default(field, doc)}\n\n"
    )


def _belongs(name: str, beginnings: tuple[str, ...]) -> bool:
    return any(name == each or (each.endswith("_") and name.startswith(each)) for each in beginnings)


def _variable(field: "Field[Any]") -> str:
    return f"{EGRESS_PREFIX}NAME" if field.name == "egress" else variable(field.name)


def _accepted(name: str, of: Any) -> str:
    """What the reader of the setting wants, in the words in which it refuses everything else."""
    if name == "egress":
        return "the address of a proxy"
    if name.endswith("lock_mode"):
        return " or ".join(map(code, LOCK_MODES))
    reader = READERS.get(name)
    try:
        if reader is not None:
            reader("?")
    except ValueError as wanted:
        return str(wanted)
    bare = next((each for each in get_args(of) if each in FORMS), of)
    return FORMS.get(bare, "text")


def _default(field: "Field[Any]", doc: str) -> str:
    """As the code has it; what only a running stack knows, as the text below the field says it."""
    said = doc.partition(" Default: ")[2]
    if said:
        return said.rstrip(".")
    value = None if field.default is MISSING else field.default
    match value:
        case None | ():
            return "none"
        case bool():
            return code("yes" if value else "no")
        case Path():
            return code(value.relative_to(ROOT))
        case _:
            return code(value)
