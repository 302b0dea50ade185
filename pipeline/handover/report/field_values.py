"""Fields of records as a report shows them: a label in its language, the name that programs know beside it.

In: the name of a field, a JSON value, texts. Out: text. The name stays beside the label, since the field stands
under it in ``data/records/<number>.json``. A field of an operator's own kind has no label and keeps its name. What
the source wrote is never altered, column headings of ``extra`` neither.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from access.rendering.formatting import format_official
from pipeline.handover.report.report_texts import ReportTexts
from pipeline.handover.report.sentences import moment

SOURCES_OWN: Final = frozenset({"extra"})
"""Fields of which the keys are the source's words."""
_Naming = Callable[[str], str]


def field_label(texts: ReportTexts, name: str) -> str:
    """``Veröffentlicht am (published_at)``; the name alone where no text knows it."""
    plain = _plain_label(texts, name)
    return name if plain is None else f"{plain} ({name})"


def term_label(texts: ReportTexts, name: str) -> str:
    """The same of a term that the package was chosen by."""
    label = texts.label("terms", name)
    return name if label == name else f"{label} ({name})"


def field_text(texts: ReportTexts, name: str, value: Any) -> str:
    """A field's value as a person reads it; empty for what says nothing."""
    if name == "kind" and isinstance(value, str):
        label = texts.label("record_kind", value)
        return value if label == value else f"{label} ({value})"
    if name == "officials" and not isinstance(value, str):
        return "; ".join(map(format_official, value or ()))
    if name in SOURCES_OWN:
        return value_text(texts, value)
    return value_text(texts, value, lambda inner: _plain_label(texts, inner) or inner, name=name)


def value_text(texts: ReportTexts, value: Any, naming: _Naming = str, *, name: str = "") -> str:
    """A JSON value; ``naming`` says what its keys are called, ``name`` is its own."""
    match value:
        case None | "" | False:
            return ""
        case True:
            return texts("report.yes")
        case str():
            return _time_or_text(value) if name.endswith("_at") else value
        case Mapping():
            parts = ((key, value_text(texts, item, naming, name=key)) for key, item in value.items())
            return ", ".join(f"{naming(key)}: {text}" for key, text in parts if text)
        case Iterable():
            return "; ".join(text for item in value if (text := value_text(texts, item, naming, name=name)))
    return str(value)


def _plain_label(texts: ReportTexts, name: str) -> str | None:
    """The label of a field, whether the source wrote it (``_raw``) or it is a time that we read (``_at``)."""
    return texts.by_name.get(f"fields.{name.removesuffix('_raw').removesuffix('_at')}")


def _time_or_text(value: str) -> str:
    try:
        return moment(value)
    except ValueError:
        return value
