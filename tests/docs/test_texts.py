"""The texts in the tree, as a reader of the tree meets them: links, lines, decisions."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

from docs.generator.hooks import GENERATED
from docs.generator.site_links import PAGES, in_tree, on_site, rewritten
from pipeline.config.settings import ROOT

TEXTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!`)\[[^\]]*\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
MAX_LINE = 120
FOLDERS = "access|benchmarks|crawlers|dags|docs|pipeline|plugins|processors|samples|storage|tests"
CODE = re.compile(rf"`((?:{FOLDERS})/[\w./-]*[\w/])(?:: ?(\w[\w.]*))?`")
PAGES_OF_DOCS = sorted((ROOT / "docs").glob("*.md"))

decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("text", TEXTS, ids=named)
def test_every_link_of_the_text_leads_to_a_file(text: Path) -> None:
    generated = {ROOT / "docs" / page for page in GENERATED}
    targets = [(text.parent / found).resolve() for found in LINK.findall(text.read_text("utf-8"))]

    assert [str(target) for target in targets if not target.exists() and target not in generated] == []


def code_named_in(text: Path) -> list[tuple[str, str]]:
    """Files and folders of the tree that the text names, each with the class or function in it, empty if none."""
    return CODE.findall(" ".join(text.read_text("utf-8").split()))


@pytest.mark.parametrize("text", [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *PAGES_OF_DOCS], ids=named)
def test_the_code_that_the_text_names_exists(text: Path) -> None:
    """Decisions and the changelog name what was there when they were written."""
    gone = []
    for path, name in code_named_in(text):
        file, first = ROOT / path, name.partition(".")[0]
        if not file.exists():
            gone.append(path)
        elif first and not re.search(
            rf"^(?:(?:async )?def|class) {first}\b|^{first}\b", file.read_text("utf-8"), re.M
        ):
            gone.append(f"{path}: {name}")

    assert gone == []


def processors_named_in(text: Path) -> list[str]:
    """Every name below `processors` with dots that the text mentions or imports."""
    words = text.read_text("utf-8")
    imported = re.findall(r"^from (processors[\w.]*) import (.+)$", words, re.MULTILINE)
    mentioned = re.findall(r"(?<![\w./])processors(?:\.[A-Za-z_]\w*)+", words)
    return [*mentioned, *(f"{module}.{name.strip()}" for module, names in imported for name in names.split(","))]


@pytest.mark.parametrize("text", [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *PAGES_OF_DOCS], ids=named)
def test_every_name_of_processors_that_the_text_mentions_can_be_imported(text: Path) -> None:
    gone = []
    for name in processors_named_in(text):
        try:
            resolve_name(name)
        except (ImportError, AttributeError):
            gone.append(name)

    assert gone == []


def test_the_page_on_own_parsers_names_the_record_of_every_kind() -> None:
    from processors.extension.reading import RECORD_TYPES

    types = {f"{of.__module__}.{of.__name__}" for of in RECORD_TYPES.values()}

    assert types <= set(processors_named_in(ROOT / "docs" / "extensions.md"))


def test_the_architecture_names_code() -> None:
    assert len(code_named_in(ROOT / "ARCHITECTURE.md")) > 50


@pytest.mark.parametrize("text", TEXTS, ids=named)
def test_no_line_is_longer_than_a_screen(text: Path) -> None:
    """Rows of tables cannot be broken."""
    lines = enumerate(text.read_text("utf-8").splitlines(), start=1)

    assert [number for number, line in lines if len(line) > MAX_LINE and not line.lstrip().startswith("|")] == []


def test_the_index_of_decisions_has_all_of_them_in_order() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")

    assert re.findall(r"^- \[(\d{4})\]\((\S+)\): ", index, flags=re.MULTILINE) == [
        (path.name[:4], path.name) for path in decisions
    ]


@pytest.mark.parametrize("decision", decisions, ids=named)
def test_a_decision_begins_with_its_number(decision: Path) -> None:
    heading = decision.read_text("utf-8").partition("\n")[0]

    assert re.match(rf"# {int(decision.name[:4])}\. \S", heading), heading


def test_the_readme_starts_in_one_screen() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 50


@pytest.mark.parametrize("text", PAGES)
def test_a_text_at_the_top_and_its_page_are_found_from_each_other(text: str) -> None:
    assert in_tree(PAGES[text]) == text
    assert on_site(text) == PAGES[text]


@pytest.mark.parametrize(
    ("page", "markdown", "expected"),
    [
        ("index.md", "[a](docs/limits.md#x)", "[a](limits.md#x)"),
        ("index.md", "[a](docs/decisions/)", "[a](decisions/README.md)"),
        ("architecture.md", "![a](docs/pictures/night.svg)", "![a](pictures/night.svg)"),
        ("operate.md", "[a](../CHANGELOG.md)", "[a](changelog.md)"),
        (
            "decisions/0001-embedded-stack.md",
            "[a](../../ARCHITECTURE.md#7-commands)",
            "[a](../architecture.md#7-commands)",
        ),
        ("limits.md", "as in decision 0009.", "as in [decision 0009](decisions/0009-x.md)."),
        ("decisions/0009-x.md", "decision 0009", "decision 0009"),
        ("limits.md", "`[a](docs/b.md)` https://example.org [b](https://example.org/docs/)", None),
        ("limits.md", "```\n[a](../README.md) decision 0009\n```\n", None),
        ("limits.md", "[a](#here)", None),
    ],
)
def test_links_of_the_tree_become_links_of_the_site(page: str, markdown: str, expected: str | None) -> None:
    assert rewritten(markdown, page, ["decisions/0009-x.md"]) == (expected or markdown)
