"""The reference of settings, from `pipeline.config.settings.Settings`: name, accepted values, default, meaning."""

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from docs.generator.attribute_docs import attribute_docs
from docs.generator.markdown import code, table
from pipeline.config.parsing import EGRESS_PREFIX, LOCK_MODES, READERS
from pipeline.config.settings import ROOT, Settings, variable

HEAD = """# Settings: every variable

Each setting is an environment variable or a line `NAME=value` in the file `.env`. [Settings](../settings.md) says
which of them counts when several name a value, and explains those that need more than a line.

"""

NO_VARIABLE = frozenset({"airflow_process"})
"""Fields that no operator sets."""

FORMS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    Path: "a path; a relative one is meant from the project's folder",
    tuple[str, ...]: "one or several, separated by commas or spaces",
}


def variable_names() -> list[str]:
    """Every variable, in the order of the code; that of egress profiles with `<NAME>` in it."""
    return [_variable(each) for each in fields(Settings) if each.name not in NO_VARIABLE]


def settings_page() -> str:
    """The page in Markdown."""
    docs = attribute_docs(Settings)
    types = get_type_hints(Settings)
    rows = [
        (
            f'<a id="{each.name}"></a>{code(_variable(each))}',
            _accepted(each.name, types[each.name]),
            _default(each, docs.get(each.name, "")),
            docs.get(each.name, "").partition(" Default: ")[0],
        )
        for each in fields(Settings)
        if each.name not in NO_VARIABLE
    ]
    return HEAD + table(("Variable", "Accepts", "Default", "Meaning"), rows)


def _variable(field: "Field[Any]") -> str:
    return f"{EGRESS_PREFIX}<NAME>" if field.name == "egress" else variable(field.name)


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
