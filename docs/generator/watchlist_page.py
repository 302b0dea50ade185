"""The reference of the watch-list, from its schema: every key, what it accepts, its default and its meaning."""

from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from crawlers.watchlist.schema import (
    ArticleEntry,
    ClassOfExtension,
    ExpectEntry,
    FunctionOfStep,
    HostName,
    LayoutEntry,
    LimitsEntry,
    ScopeEntry,
    Selector,
    Share,
    SourceEntry,
    StepEntry,
    VideoEntry,
    WebAddress,
    entry_models,
)
from docs.generator.attribute_docs import attribute_docs
from docs.generator.markdown import code, from_docstring, table
from docs.generator.type_names import in_words
from processors.kinds import KINDS, is_complete_list

HEAD = """# Watch-list: every key

The watch-list is one YAML file with three parts: `defaults` (values for all sources), `layouts` (layouts with
names) and `sources` (a list). An unknown key is a mistake, and `letapis sources` names it with its line. [Add a
source](../add-a-source.md) shows how to write one.

"""

BLOCKS: dict[str, tuple[str, type[BaseModel]]] = {
    "limits": ("Keys below `limits`", LimitsEntry),
    "video": ("Keys below `video`", VideoEntry),
    "expect": ("Keys below `expect`", ExpectEntry),
    "steps": ("Keys of a step", StepEntry),
    "layout": ("Keys of a layout", LayoutEntry),
    "article": ("Keys below `article` of a layout", ArticleEntry),
}

VALUES: dict[Any, str] = {
    WebAddress: "web addresses",
    HostName: "host names",
    ScopeEntry: "hosts, or hosts with a path",
    Selector: "CSS selector or XPath",
    Share: "number from 0 to 1",
    ClassOfExtension: "class of an extension",
    VideoEntry: "`true`, `false`, or [keys of its own](#keys-below-video)",
    FunctionOfStep: "file and function",
}


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of the model as they are written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def watchlist_page() -> str:
    """The page in Markdown."""
    common = set(SourceEntry.model_fields)
    kinds = "".join(
        f"## Source of kind {kind}\n\n{_described(kind, model)}{_needs(model)}\n\n"
        + _keys(model, [name for name in model.model_fields if name not in common and name != "kind"])
        + "\n"
        for kind, model in entry_models().items()
    )
    blocks = "".join(
        f"## {heading}\n\n{from_docstring(model.__doc__)}\n\n{_keys(model, list(model.model_fields))}\n"
        for heading, model in BLOCKS.values()
    )
    named = " | ".join(entry_models())
    every = (
        f"## Every source\n\n`kind` is one of `{named}`.\n\n{_keys(SourceEntry, list(SourceEntry.model_fields))}\n"
    )
    return HEAD + every + kinds + blocks


def _described(kind: str, model: type[SourceEntry]) -> str:
    said = from_docstring(model.__doc__)
    return f"{KINDS[kind].description} {said}" if is_complete_list(kind) else said


def _needs(model: type[SourceEntry]) -> str:
    if not model.needs_one_of:
        return ""
    return f" It needs at least one of {', '.join(map(code, model.needs_one_of))}."


def _keys(model: type[BaseModel], names: list[str]) -> str:
    docs = attribute_docs(model)
    types = get_type_hints(model, include_extras=True)
    rows = []
    for name in names:
        field = model.model_fields[name]
        values = f"Accepts: {_accepted(name, types[name])}. Default: {_default(field)}."
        rows.append((code(field.alias or name), f"{docs[name]}<br>{values}"))
    return table(("Key", "Meaning"), rows)


def _accepted(name: str, annotation: Any) -> str:
    if name == "layout":
        return "name of a layout, or [keys of its own](#keys-of-a-layout)"
    if name == "steps":
        return "list of steps, [each with keys of its own](#keys-of-a-step)"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys of its own, below"
    return in_words(annotation, VALUES).removesuffix(" or none")


def _default(field: Any) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value in ([], {}) or isinstance(value, BaseModel):
        return "none"
    return code(str(value).lower() if isinstance(value, bool) else value)
