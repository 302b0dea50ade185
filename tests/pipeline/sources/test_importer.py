"""Lists of sources as people keep them become entries of the watch-list, which keeps what it had."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crawlers.watchlist.loader import read_watchlist
from pipeline.sources.importer import ImportRefused, appended, import_sources
from pipeline.sources.line_parser import LeftOut, NewSource, Repeated, Unclear, read_lines
from processors.kinds import source_kinds
from tests.typed_commands import typed

pytestmark = pytest.mark.slow

WATCHLIST = """\
# Наш спіс.
defaults: {delay_s: 2}

sources:
  # channels
  - id: tg-naviny
    kind: telegram
    channel: "@naviny"   # asked for by T.
  - {id: site, kind: news, feeds: [https://site.example/rss.xml]}  # the last one

layouts:
  district: {timezone: Europe/Minsk}
"""

LIST = """\
Назва;Спасылка;Заўвага
Навіны;https://t.me/s/Naviny;паўтор
Суд;@sud_prydumany;
Веснік;https://vesnik.example/feed/;
Сайт;https://site.example/rss.xml;
Газета;hazieta.example;
Спіс;https://sud.example/rasklad/;суд
Файл;https://sud.example/files/list-2026-11.pdf;
Карта;https://hazieta.example/sitemap_index.xml;
Старонка;https://org.example/pra-nas/kantakty;
Без;спасылкі;
Дзве;https://a.example/;https://b.example/
Запрашэнне;https://t.me/+AbCdEf;
"""


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    path = tmp_path / "watchlist.yaml"
    path.write_text(WATCHLIST, "utf-8")
    return path


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text("\ufeff" + LIST, "utf-8")  # as spreadsheets save it
    return path


def test_each_line_says_what_it_is_what_it_repeats_or_what_is_wrong_with_it() -> None:
    lines = list(read_lines(LIST, yaml.safe_load(WATCHLIST)["sources"]))
    assert [line.line for line in lines] == list(range(1, 14))
    assert [line.entry for line in lines if isinstance(line, NewSource)] == [
        {"id": "tg-sud-prydumany", "kind": "telegram", "channel": "sud_prydumany"},
        {"id": "vesnik", "kind": "news", "feeds": ["https://vesnik.example/feed/"]},
        {"id": "hazieta", "kind": "news", "start_pages": ["https://hazieta.example/"]},
        {"id": "sud-rasklad", "kind": "court_list", "pages": ["https://sud.example/rasklad/"]},
        {"id": "sud-list-2026-11", "kind": "court_list", "pages": ["https://sud.example/files/list-2026-11.pdf"]},
        {"id": "hazieta-sitemap-index", "kind": "news", "sitemaps": ["https://hazieta.example/sitemap_index.xml"]},
        {"id": "org-kantakty", "kind": "page", "pages": ["https://org.example/pra-nas/kantakty"]},
    ]
    assert [(line.line, line.source_id) for line in lines if isinstance(line, Repeated)] == [
        (2, "tg-naviny"),
        (5, "site"),
    ]
    assert [(line.line, line.problem) for line in lines if isinstance(line, Unclear)] == [
        (11, "expected one channel or web address, found none"),
        (12, "expected one channel or web address, found https://a.example/, https://b.example/"),
        (13, "not a public channel: only t.me/NAME has a preview that can be read"),
    ]


def test_headings_may_say_kind_and_id_and_a_host_may_stand_as_a_name() -> None:
    text = "id,kind,name,url\nmy-court,court_list,sud.example,https://sud.example/x\n,news,,https://b.example/y\n"
    text += "bad id,news,,https://c.example/\n,pages,,https://d.example/\nmy-court,,,https://e.example/\n"
    lines = list(read_lines(text, []))
    assert [line.entry for line in lines if isinstance(line, NewSource)] == [
        {"id": "my-court", "kind": "court_list", "pages": ["https://sud.example/x"]},
        {"id": "b-y", "kind": "news", "start_pages": ["https://b.example/y"]},
    ]
    assert [line.problem for line in lines if isinstance(line, Unclear)] == [
        "'bad id': expected a-z, 0-9, - and _, at most 64, not - or _ first",
        f"unknown kind 'pages'; known kinds: {', '.join(source_kinds())}",
        "the id 'my-court' is taken",
    ]


@pytest.mark.parametrize(
    "written",
    [
        "@pryklad_vesti",
        "t.me/pryklad_vesti",
        "https://t.me/s/pryklad_vesti ",
        "http://www.t.me/pryklad_vesti/",
        "t.me//pryklad_vesti",
        "https://telegram.me/pryklad_vesti?before=100",
        "https://telegram.dog/pryklad_vesti/12?single",
        "https://t.me/pryklad_vesti#top",
        "tg://resolve?domain=pryklad_vesti",
        "tg:resolve?domain=pryklad_vesti&post=12",
        "https://pryklad_vesti.t.me/",
        "pryklad_vesti.t.me",
        "https://pryklad_vesti.t.me/12",
        "HTTPS://T.ME/pryklad_vesti",
    ],
)
def test_however_a_channel_is_written_it_is_one_source(written: str) -> None:
    (line,) = read_lines(written, [])
    assert isinstance(line, NewSource)
    assert line.entry == {"id": "tg-pryklad-vesti", "kind": "telegram", "channel": "pryklad_vesti"}
    known = [{"id": "vesti", "kind": "telegram", "channel": written.strip().replace("vesti", "Vesti")}]
    (again,) = read_lines(written, known)
    assert isinstance(again, Repeated) and again.source_id == "vesti"


@pytest.mark.parametrize(
    "written",
    [
        "https://t.me/+AbCdEf",
        "https://t.me/joinchat/AAAAAE",
        "https://t.me/c/1234567/89",
        "https://t.me/addlist/Ab1",
    ],
)
def test_what_leads_to_no_public_channel_is_said_so(written: str) -> None:
    (line,) = read_lines(written, [])
    assert isinstance(line, Unclear) and line.problem.startswith("not a public channel")


@pytest.mark.parametrize(
    "written",
    ["ftp://x.example/", "javascript:alert(1)", "http://127.0.0.1/", "tg://join?invite=Ab", "http://[::1]/"],
)
def test_an_address_that_cannot_be_collected_is_named(written: str) -> None:
    (line,) = read_lines(written, [])
    assert isinstance(line, Unclear)
    assert line.problem == f"expected a channel, or an http or https address of a public host, found {written}"


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
def test_the_first_line_may_say_which_mark_separates_the_columns(mark: str) -> None:
    text = f"sep={mark}\r\nНазва{mark}Спасылка\r\nСуд{mark}@sud_prydumany\r\n\r\nx{mark}y\r\n"
    lines = list(read_lines(text, []))
    assert [(line.line, type(line)) for line in lines] == [
        (1, LeftOut),
        (2, LeftOut),
        (3, NewSource),
        (5, Unclear),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_list_is_read_in_the_encoding_in_which_a_spreadsheet_saved_it(
    watchlist: Path, tmp_path: Path, encoding: str
) -> None:
    list_file = tmp_path / "list.csv"
    list_file.write_bytes("Назва;Спасылка\r\nВесткі;https://t.me/pryklad_vesti\r\n".encode(encoding))
    heading, line = import_sources(list_file, watchlist, write=False)
    assert isinstance(heading, LeftOut) and heading.text == "Назва, Спасылка"
    assert isinstance(line, NewSource) and line.entry["channel"] == "pryklad_vesti"


@pytest.mark.realdata
def test_of_the_lists_after_public_reports_no_line_goes_without_a_word(shared_cases: Path, tmp_path: Path) -> None:
    folder = shared_cases / "85-sources-import"
    watchlist = tmp_path / "w.yaml"
    watchlist.write_bytes((folder / "w.yaml").read_bytes())

    def of(name: str) -> list[str]:
        lines = import_sources(folder / name, watchlist, write=False)
        whole = (folder / name).read_bytes().count(b"\n")
        assert [line.line for line in lines] == list(range(1, whole + 1))
        return [
            str(line.entry.get("channel") or line.entry["id"])
            if isinstance(line, NewSource)
            else f"= {line.source_id}"
            if isinstance(line, Repeated)
            else type(line).__name__
            for line in lines
        ]

    assert of("idn.csv") == [
        "= sajt-novosti",
        "= xn-80aswg",
        "= sajt",
        "= news-example",
        "= news-example-2",
        *["Unclear"] * 3,
    ]
    assert of("plain.csv") == [
        *("pryklad_vesti", "pryklad_dva", "pryklad_tri", "pryklad_four", "pryklad_five"),
        *["Unclear"] * 4,
        *("pryklad_six", "pryklad_seven", "pryklad_eight", "pryklad_nine"),
    ]
    assert of("cp1251.csv") == ["LeftOut", "pryklad_vesti"]
    assert of("utf16.csv") == ["LeftOut", "pryklad_vesti"]
    assert of("head.csv") == ["LeftOut", "pryklad_vesti", "news-example-3", "sud-example-spisok"]
    assert of("quoted.csv") == ["news-example-a-b", "pryklad_vesti"]


SILENT = """\
Назва,Спасылка
# Суд,https://sud.example/rasklad
Веснік,https://vesnik.example/

Газета без спасылкі,
"Тыднёвік,https://tydnevik.example/
Раённая,https://rajonnaja.example/
"Нататка
пра сайт",https://sajt.example/
"""


def test_no_line_is_left_out_without_its_number_its_text_and_the_reason() -> None:
    lines = list(read_lines(SILENT, []))
    assert [type(line) for line in lines] == [LeftOut, LeftOut, NewSource, Unclear, Unclear, NewSource]
    assert [(line.line, line.text, line.reason) for line in lines if isinstance(line, LeftOut)] == [
        (1, "Назва, Спасылка", "it is the first line and holds no address, so it is the heading"),
        (2, "# Суд, https://sud.example/rasklad", "it begins with # and so is a comment"),
    ]
    nowhere, swallowed = (line for line in lines if isinstance(line, Unclear))
    assert (nowhere.line, nowhere.text) == (5, "Газета без спасылкі")
    assert nowhere.problem == "expected one channel or web address, found none"
    assert swallowed.line == 6
    assert swallowed.problem == (
        "quotation marks make one of lines 6 to 8; it holds https://tydnevik.example/, https://rajonnaja.example/"
    )


def test_a_note_of_several_lines_is_one_line_and_keeps_its_first_number() -> None:
    lines = list(read_lines('Назва,Спасылка\n"Нататка\nпра сайт",https://sajt.example/\nx,y\n', []))
    assert [line.line for line in lines] == [1, 2, 4]
    assert isinstance(lines[1], NewSource)


@pytest.mark.parametrize(
    "text", ["a,b\n" + "x" * 200_000 + ",https://a.example/\n", "a,b\n\0,https://a.example/\n"]
)
def test_what_is_no_list_is_refused_in_words_and_changes_nothing(
    watchlist: Path, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, "utf-8")
    try:
        lines = import_sources(path, watchlist, write=True)
    except ImportRefused as refused:
        assert "is not a list of lines and columns" in str(refused)
        assert watchlist.read_text("utf-8") == WATCHLIST
    else:
        assert len(lines) == 2


def test_ids_are_made_new_where_two_would_be_the_same() -> None:
    lines = read_lines("https://a.example/feed/\nhttps://a.org/feed/\nhttps://www.a.net/rss\n", [])
    assert [line.entry["id"] for line in lines if isinstance(line, NewSource)] == ["a", "a-2", "a-3"]


def test_what_stood_in_the_watch_list_stays_byte_for_byte(watchlist: Path, csv_file: Path) -> None:
    import_sources(csv_file, watchlist, write=True)
    after = watchlist.read_text("utf-8")
    head, tail = WATCHLIST.split("\nlayouts:")
    assert after.startswith(head)
    assert after.endswith("\nlayouts:" + tail)
    assert [source.id for source in read_watchlist(watchlist).sources][:3] == [
        "tg-naviny",
        "site",
        "tg-sud-prydumany",
    ]
    assert len(read_watchlist(watchlist).sources) == 9
    assert not any(isinstance(line, NewSource) for line in import_sources(csv_file, watchlist, write=True))
    assert watchlist.read_text("utf-8") == after


def test_three_hundred_lines_come_in_at_once(watchlist: Path, tmp_path: Path) -> None:
    lines = [f"https://t.me/kanal_{number}" if number % 2 else f"site-{number}.example" for number in range(300)]
    path = tmp_path / "many.csv"
    path.write_text("\n".join(lines), "utf-8")
    assert all(isinstance(line, NewSource) for line in import_sources(path, watchlist, write=True))
    assert len(read_watchlist(watchlist).sources) == 302


def test_a_dry_run_changes_nothing_and_a_watch_list_that_is_not_there_is_begun(
    watchlist: Path, csv_file: Path, tmp_path: Path
) -> None:
    import_sources(csv_file, watchlist, write=False)
    assert watchlist.read_text("utf-8") == WATCHLIST
    new = tmp_path / "new.yaml"
    import_sources(csv_file, new, write=True)
    assert len(read_watchlist(new).sources) == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: [{id: a, kind: page, pages: [https://a.example/]}]\n", "line 1: expected `sources:` with one"),
        ("sources:\n  - {id: a, kind: pages}\n", "The watch-list has mistakes; mend them first:"),
    ],
)
def test_a_watch_list_that_cannot_be_extended_is_left_alone(
    watchlist: Path, csv_file: Path, text: str, words: str
) -> None:
    watchlist.write_text(text, "utf-8")
    with pytest.raises(ImportRefused, match=words):
        import_sources(csv_file, watchlist, write=True)
    assert watchlist.read_text("utf-8") == text


ENDINGS = ("", "\n", "\n\n# the end\n", "\nlayouts:\n  x: {language: be}\n", "  # beside\n")
LASTS = (
    "- id: a\n  kind: page\n  pages:\n  - https://a.example/",
    "- {id: a, kind: page,\n   pages: [https://a.example/]}",
    "- id: a\n  kind: page\n  pages: [https://a.example/]\n  publisher: |\n    two\n    lines",
)


@given(ending=st.sampled_from(ENDINGS), last=st.sampled_from(LASTS), indent=st.sampled_from(("", "  ", "    ")))
def test_wherever_the_list_ends_the_new_entry_comes_behind_it(ending: str, last: str, indent: str) -> None:
    text = "sources:\n" + "\n".join(indent + line for line in last.split("\n")) + ending
    whole = yaml.safe_load(appended(text, [{"id": "b", "kind": "telegram", "channel": "kanal"}]))
    before = yaml.safe_load(text if text.endswith("\n") else f"{text}\n")  # a text block ends with its line
    assert whole == before | {"sources": [*before["sources"], {"id": "b", "kind": "telegram", "channel": "kanal"}]}


def test_the_command_names_each_line_and_ends_with_three_if_some_were_not_understood(
    watchlist: Path, csv_file: Path
) -> None:
    words = ("sources", "import", str(csv_file), "--watchlist", str(watchlist))
    ran = typed(*words, "--json")
    rows: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 3, ran.stderr
    assert [row["result"] for row in rows].count("added") == 7
    assert "3 lines were not understood" in ran.stderr
    assert [row["problem"] for row in rows if row["result"] == "left_out"] == [
        "it is the first line and holds no address, so it is the heading"
    ]
    again = typed(*words)
    assert "line 2: the watch-list has it as tg-naviny: Навіны, https://t.me/s/Naviny, паўтор" in again.stdout
