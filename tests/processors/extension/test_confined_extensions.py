"""An operator's parser over pages, in the confined worker that the product runs."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.extension.code import ExtensionFault, parse_reference
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.parsing.confined_extensions import ConfinedExtension
from processors.parsing.limits import PageLimits
from processors.parsing.parsers import PageNotRead
from processors.record_keys import record_json, record_keys, version_content
from processors.records.hearing import Hearing
from processors.records.own_record import OwnRecord
from tests.processors.extension.extensions import AT, PARSER, URL, extension, page, row

pytestmark = pytest.mark.slow  # most start a worker of their own

DETAINED = parse_reference("detained.parser:Detained")
HASTY = PageLimits(seconds=1, seconds_per_mb=0)


@pytest.fixture(scope="module")
def confined() -> Iterator[ConfinedExtension]:
    with ConfinedExtension(extension()) as running:
        yield running


def fault(parser: str, reference: str = "detained.parser:Detained", **others: str) -> str:
    with ConfinedExtension(extension(parser, **others)) as broken, pytest.raises(ExtensionFault) as found:
        broken.facts(parse_reference(reference))
    return str(found.value)


def unread(body: str, *, limits: PageLimits | None = None, of: Page | None = None) -> PageNotRead:
    """Why a page was not read by a parser whose ``parse`` says this."""
    parser = f"class Detained:\n    kind, version = 'hearing', 1\n    def parse(self, page):\n        {body}\n"
    with ConfinedExtension(extension(parser), limits) as running, pytest.raises(PageNotRead) as found:
        running.read_page(of or page(row("1", "A")), DETAINED)
    return found.value


def test_records_of_an_own_kind_come_as_its_schema_has_them(confined: ConfinedExtension) -> None:
    reading = confined.read_page(page(row("17", "Ales Novik"), row("18", "Vera Kos", station="")), DETAINED)
    assert (reading.outcome, reading.kind, reading.layout) == (Outcome.CONTENT, "detained.entry", "complete list")
    assert [record_json(each) for each in reading.records] == [
        {
            "kind": "detained.entry",
            "url": URL,
            "title": "Ales Novik",
            "number": "17",
            "station_raw": "Lenin district",
            "starts_at": "2026-11-19T11:30:00Z",
            "starts_raw": "19.11.2026 14:30",
            "views": 7,
        },
        {
            "kind": "detained.entry",
            "url": URL,
            "title": "Vera Kos",
            "number": "18",
            "station_raw": None,
            "starts_at": "2026-11-19T11:30:00Z",
            "starts_raw": "19.11.2026 14:30",
            "views": 7,
        },
    ]


def test_the_parser_version_names_class_version_and_digest(confined: ConfinedExtension) -> None:
    digest = confined.code.digest.value.hex()
    assert confined.version_name(DETAINED) == f"detained.parser:Detained/1@{digest[:16]}"
    assert confined.read_page(page(row("1", "A")), DETAINED).parser_version == confined.version_name(DETAINED)


def test_the_key_fields_identify_and_the_counter_makes_no_version(confined: ConfinedExtension) -> None:
    first, second = (
        confined.read_page(page(row("17", name, views=views)), DETAINED).records[0]
        for name, views in (("Ales Novik", 7), ("Ales Novik", 8))
    )
    assert record_keys([first], "police") == record_keys([second], "police") == ("police|17",)
    assert version_content(first) == version_content(second)
    assert "views" not in version_content(first)
    renamed = confined.read_page(page(row("17", "A. Novik")), DETAINED).records[0]
    assert record_keys([renamed], "police") == ("police|17",)
    assert version_content(renamed) != version_content(first)


def test_further_pages_of_the_list_are_links_as_meant_on_the_page(confined: ConfinedExtension) -> None:
    more = "<a class='next' href='?page=2'>next</a><a class='next' href='javascript:x()'>no</a>"
    assert confined.read_page(page(row("1", "A"), after=more), DETAINED).links.next_pages == (f"{URL}?page=2",)


def test_a_page_that_is_no_content_never_reaches_the_parser(confined: ConfinedExtension) -> None:
    gone = Page(URL, b"<h1>Not found</h1>", AT, 404, "text/html")
    reading = confined.read_page(gone, DETAINED)
    assert (reading.outcome, reading.records) == (Outcome.SOFT_404, ())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            '"title": cells[1]',
            '"title": row.css("td")[1]',
            "ValueError: record 1: title: expected text, found Selector; `.get()` gives its text",
        ),
        ('"number": cells[0]', '"number": row.css("td")', "record 1: number: expected text, found SelectorList"),
        (
            'page.css("a.next::attr(href)").getall()',
            'page.css("a.next::attr(href)")',
            "TypeError: next_pages(page): address 1: expected text, found Selector; `.get()` gives its text",
        ),
        (
            'page.css("a.next::attr(href)").getall()',
            'page.css("a.next::attr(href)").get()',
            "TypeError: next_pages(page): expected addresses one after the other, found str",
        ),
    ],
)
def test_a_selector_in_the_place_of_its_text_is_named(before: str, after: str, said: str) -> None:
    more = "<a class='next' href='?page=2'>more</a>"
    with (
        ConfinedExtension(extension(PARSER.replace(before, after))) as running,
        pytest.raises(PageNotRead) as why,
    ):
        running.read_page(page(row("1", "A"), after=more), DETAINED)
    assert said in str(why.value)


def test_a_page_without_a_record_is_empty_and_says_so(confined: ConfinedExtension) -> None:
    reading = confined.read_page(page(), DETAINED)
    assert reading.outcome is Outcome.EMPTY
    assert reading.outcome_reason == "detained.parser:Detained found no record on the page"


def test_a_record_that_is_not_as_declared_costs_the_page_and_none_is_dropped(confined: ConfinedExtension) -> None:
    with pytest.raises(PageNotRead) as why:
        confined.read_page(page(row("1", "A"), row("two", "B")), DETAINED)
    assert (
        str(why.value) == "detained.parser:Detained: ValueError: record 2: number: 'two' does not match '^[0-9]+$'"
    )
    assert confined.read_page(page(row("1", "A")), DETAINED).outcome is Outcome.CONTENT, "and nothing else"


def test_a_parser_may_give_records_of_our_kinds() -> None:
    parser = (
        "from processors.records.hearing import Hearing\n"
        "class Detained:\n    kind, version = 'hearing', 3\n"
        "    def parse(self, page):\n"
        "        for each in page.rows():\n            yield Hearing(url=page.url, case_number=each['Case'])\n"
    )
    table = "<table><tr><th>Case</th><th>Room</th></tr><tr><td>2-17/2026</td><td>4</td></tr></table>"
    with ConfinedExtension(extension(parser)) as running:
        reading = running.read_page(page(after=table), DETAINED)
    assert (reading.kind, reading.layout) == ("court_list", None)
    assert reading.records == (Hearing(url=URL, case_number="2-17/2026"),)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('table')", "detained.parser:Detained: KeyError: 'table' (parser.py, line 4)"),
        ("return [{}['x']]", "KeyError: 'x' (parser.py, line 4)"),
        (
            "from .places import station; station()",
            "missing 1 required positional argument: 'text' (parser.py, line 4)",
        ),
        ("import json; json.loads('')", "Expecting value: line 1 column 1 (char 0) (parser.py, line 4)"),
        ("return [1]", "ValueError: record 1: expected Hearing, found int"),
        ("return None", "TypeError: parse(page): expected records one after the other, found NoneType"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        (
            "from processors.records.hearing import Hearing; return [Hearing(url=page.url, starts_at='today')]",
            "a record is not of its type",
        ),
    ],
)
def test_a_parser_that_trips_costs_its_page_and_is_named(body: str, said: str) -> None:
    why = unread(body)
    assert str(why).startswith("detained.parser:Detained: ")
    assert said in str(why)
    assert not why.limit


def test_a_parser_that_hangs_costs_its_page_alone() -> None:
    parser = PARSER.replace(
        "        for row", "        while 'forever' in page.text:\n            pass\n        for row"
    )
    with ConfinedExtension(extension(parser), HASTY) as running:
        with pytest.raises(
            PageNotRead, match=r"detained\.parser:Detained: reading the page takes more than 1 s"
        ) as why:
            running.read_page(page(row("1", "forever")), DETAINED)
        assert why.value.limit
        assert running.read_page(page(row("1", "A")), DETAINED).outcome is Outcome.CONTENT


def test_a_parser_that_sleeps_or_dies_costs_its_page() -> None:
    assert "takes more than" in str(
        unread("import time; time.sleep(600)", limits=PageLimits(seconds=0.1, patience=20))
    )
    assert "ended its worker" in str(unread("import os; os._exit(0)"))
    assert "MB of memory" in str(unread("return [bytearray(1 << 40)]"))


def test_what_a_worker_was_taken_over_to_say_is_not_believed() -> None:
    forged = (
        "from processors.records.article import Article\n"
        "from processors.extension import reading\n"
        "class Detained:\n    kind, version = 'hearing', 1\n"
        "    def parse(self, page):\n"
        "        import gc\n"
        "        for each in gc.get_objects():\n"
        "            if isinstance(each, reading.ExtensionParser):\n"
        "                each._to_record = lambda page, given: given\n"
        "        yield Article(url=page.url, title='never published')\n"
        "        yield Article(url=page.url, title='nor this')\n"
    )
    with ConfinedExtension(extension(forged)) as running, pytest.raises(PageNotRead) as why:
        running.read_page(page(row("1", "A")), DETAINED)
    assert "expected Hearing" in str(why.value) or "gave records of kind article" in str(why.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = '1'", "expected a `version`, a whole number from 1 on, found '1'"),
        ("def parse", "def read", "expected a method `parse(self, page)`"),
        ('name="entry"', 'name="Entry"', "name of its kind: expected a-z"),
        ('key=("number",)', 'key=("case",)', "key of kind entry: expected fields of its schema, found ('case',)"),
        ('key=("number",)', "key=()", "key of kind entry: expected at least one field"),
        ('not_compared=("views",)', 'not_compared=("number",)', "none that is not compared"),
        ('"type": "object"', '"type": "array"', "expected type `object` with `properties`"),
        ('{"type": "integer"}', '{"type": "whole"}', "schema of kind entry: 'whole' is not valid"),
        ('"views": {', '"captured_at": {', "found captured_at"),
        ('"title": {"type": "string"}', '"name": {"type": "string"}', "expected a field `title`"),
        ("from .places import station", "from places import station", "No module named 'places'"),
        (
            "from .places import station",
            "raise RuntimeError('no')",
            "importing it raised RuntimeError: no (parser.py, line 6)",
        ),
        ("from .places import station", "def", "importing it raised SyntaxError"),
    ],
)
def test_a_parser_that_declares_nothing_usable_is_refused_by_name(old: str, new: str, said: str) -> None:
    assert old in PARSER
    found = fault(PARSER.replace(old, new))
    assert said in found
    assert found.startswith("detained.parser:Detained: ")


def test_a_class_that_is_not_there_is_refused() -> None:
    assert "expected a class Detained2 in parser, found None" in fault(PARSER, "detained.parser:Detained2")
    assert "No module named 'letapis_extensions.detained.other'" in fault(PARSER, "detained.other:Detained")


def test_a_schema_refers_to_nothing_outside_of_itself() -> None:
    parser = PARSER.replace('{"type": "integer"}', '{"$ref": "https://schema.example.org/views.json"}')
    with ConfinedExtension(extension(parser)) as running, pytest.raises(PageNotRead, match="Unresolvable"):
        running.read_page(page(row("1", "A")), DETAINED)


def test_nothing_in_an_extension_stands_for_a_module_of_ours_or_of_python() -> None:
    parser = PARSER.replace(
        "from .places import station",
        "import json, processors.kinds, lxml.html\n"
        "from .places import station\n"
        "assert json.loads('1') == 1 and processors.kinds.KINDS and lxml.html\n"
        "from . import json as own\nassert own.OWN\n",
    )
    others = {"json": "OWN = True\n", "processors": "raise RuntimeError\n", "lxml": "raise RuntimeError\n"}
    with ConfinedExtension(extension(parser, **others)) as running:
        assert running.read_page(page(row("1", "A")), DETAINED).outcome is Outcome.CONTENT


def test_a_file_beside_the_code_is_at_hand() -> None:
    from processors.extension.code import pack
    from tests.processors.extension.extensions import FILES

    parser = PARSER.replace(
        "from .places import station",
        "import json, pkgutil\nTOWNS = json.loads(pkgutil.get_data(__package__, 'data/towns.json'))\n"
        "def station(text):\n    return TOWNS[text]\n",
    )
    files = FILES | {"parser.py": parser.encode(), "data/towns.json": b'{"Lenin district": "Minsk"}'}
    with ConfinedExtension(pack("detained", files)) as running:
        record = running.read_page(page(row("1", "A")), DETAINED).records[0]
    assert isinstance(record, OwnRecord)
    assert record.fields["station_raw"] == "Minsk"


SPIES = {
    "environment": "json.dumps(dict(os.environ))",
    "its own environ": "open('/proc/self/environ').read()",
    "environ of its parent": "open(f'/proc/{os.getppid()}/environ').read()",
    "settings": "open(SECRET).read()",
    "network": "socket.create_connection(('127.0.0.1', PORT))",
    "open files": "str([fd for fd in range(3, 64) if _open(fd)])",
    "a program": "subprocess.check_output(['/usr/bin/env'])",
}


@pytest.mark.parametrize("spied", sorted(SPIES))
def test_the_worker_holds_no_keys_and_gets_none(
    spied: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETAPIS_S3_SECRET_KEY", "hunter2")
    secret = tmp_path / "stack.json"
    secret.write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        head = (
            "import json, os, socket, subprocess\n"
            f"SECRET, PORT = {str(secret)!r}, {listener.getsockname()[1]}\n"
            "def _open(fd):\n    try:\n        return os.fstat(fd).st_mode >> 12 not in (1, 2)\n"
            "    except OSError:\n        return False\n"
        )
        body = f"raise ValueError('spied: ' + str({SPIES[spied]}))"
        declared = "class Detained:\n    kind, version = 'hearing', 1\n    def parse(self, page):\n"
        parser = f"{head}{declared}        {body}\n"
        with ConfinedExtension(extension(parser)) as running, pytest.raises(PageNotRead) as why:
            running.read_page(page(row("1", "A")), DETAINED)
        with pytest.raises(BlockingIOError):
            listener.accept()
    said = str(why.value)
    assert "hunter2" not in said
    assert "LETAPIS" not in said
    allowed = {"environment": "spied: {", "open files": "spied: []"}
    assert allowed.get(spied, "PermissionError") in said
    assert os.environ["LETAPIS_S3_SECRET_KEY"] == "hunter2"
