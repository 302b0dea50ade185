"""The reference of commands, from the `letapis` command itself: usage, arguments, options, exit codes."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from docs.generator.attribute_docs import attribute_docs
from docs.generator.markdown import code, from_docstring, table
from pipeline.cli import app
from pipeline.output import Exit

HEAD = """# Commands and exit codes

In a clone of the project the command is `.venv/bin/letapis`. Every command takes `--json`: then it prints JSON
lines on standard output, whose keys [the reference of JSON](json.md) lists. Progress and problems go to standard
error. Names of kinds may be written with `-` or with `_`: `court-list` is `court_list`.

## Exit codes

"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its full name, as it is typed after `letapis`; sub-commands behind their group."""
    root: Any = get_command(app)
    for name, command in root.commands.items():
        yield name, command
        for inner, each in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", each


def commands_page() -> str:
    """The page in Markdown."""
    texts = attribute_docs(Exit)
    codes = table(("Exit code", "Name", "Meaning"), [(code(int(e)), e.name, texts.get(e.name, "")) for e in Exit])
    overview = table(
        ("Command", "Does"), [(f"[`letapis {name}`](#{_anchor(name)})", _first(each)) for name, each in commands()]
    )
    return HEAD + codes + "\n## All commands\n\n" + overview + "".join(_section(*each) for each in commands())


def _section(name: str, command: Any) -> str:
    context = command.make_context(f"letapis {name}", [], resilient_parsing=True)
    arguments = [_written(param) for param in command.params if param.param_type_name == "argument"]
    usage = " ".join((f"letapis {name}", "[OPTIONS]", *arguments))
    rows = [
        (code(_written(param)), record[1])
        for param in command.params
        if (record := param.get_help_record(context)) is not None
    ]
    parameters = table(("Argument or option", "Meaning"), rows) if rows else ""
    return f"\n## letapis {name}\n\n{from_docstring(command.help)}\n\n```text\n{usage}\n```\n\n{parameters}"


def _written(param: Any) -> str:
    """An argument or option with its value, as it is typed."""
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    value = "" if param.is_flag else param.metavar or ("N" if isinstance(param.default, int) else "TEXT")
    return ", ".join(f"{option} {value}".strip() for option in param.opts)


def _first(command: Any) -> str:
    return from_docstring(command.help).partition("\n\n")[0]


def _anchor(name: str) -> str:
    return f"letapis-{name.replace(' ', '-')}"
