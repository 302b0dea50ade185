"""The watch-list: what it accepts, and that every mistake in it is named with file, line and field."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.browser.page_handling import handling_of
from crawlers.extensions.folder import ExtensionFolder
from crawlers.model.json_form import from_json, to_json
from crawlers.watchlist.loader import (
    Expectation,
    InvalidWatchlist,
    Source,
    SourceLimits,
    read_watchlist,
    source_for_urls,
)
from crawlers.watchlist.page_step import PageStep
from crawlers.watchlist.schema import entry_models
from crawlers.watchlist.source import VideoLimits
from pipeline.config.settings import ROOT
from processors.tables.layout import Layout

FULL = """\
defaults:
  delay_s: 2
  limits: {seconds: 900}
layouts:
  district:
    columns: {case_number: [Номер справы, № дела], judge: Суддзя}
    timezone: Europe/Minsk
    language: be
sources:
  - id: channel
    kind: telegram
    channel: "@naviny"
    limits: {pages: 5, bytes: 10MB}
    expect: {min: 1}
  - id: site
    kind: news
    feeds: [https://news.example/rss.xml]
    sitemaps: [https://news.example/sitemap.xml]
    scope: [news.example, other.example/news/]
    mirrors: [News-Mirror.example]
    publisher: naviny
    robots: ignore
    engine: browser
  - id: court
    kind: court_list
    pages: [https://court.example/list]
    layout: district
    allow_invalid_certificate: true
  - id: court-2
    kind: court_list
    pages: [https://court.example/other]
    layout: {court: Суд Прыдуманага раёна}
  - {id: one-page, kind: page, pages: ["https://example.org/a"], follow: nothing}
"""


Write = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "watchlist.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InvalidWatchlist) as caught:
        read_watchlist(path)
    return [str(mistake).removeprefix(f"{path}:") for mistake in caught.value.mistakes]


def test_every_kind_of_source_is_read_with_defaults_and_layouts(written: Write) -> None:
    watchlist = read_watchlist(written(FULL))
    assert [source.id for source in watchlist.sources] == ["channel", "site", "court", "court-2", "one-page"]
    channel, site, court, other, page = watchlist.sources
    assert channel == Source(
        id="channel",
        kind="telegram",
        channel="naviny",
        delay_s=2,
        limits=SourceLimits(pages=5, bytes=10_000_000, seconds=900),
        expect=Expectation(min=1),
    )
    assert channel.seeds == ("https://t.me/s/naviny",)
    assert site.seeds == ("https://news.example/rss.xml", "https://news.example/sitemap.xml")
    assert (site.mirrors, site.scope) == (("news-mirror.example",), ("news.example", "other.example/news/"))
    assert (site.robots, site.engine) == ("ignore", "browser")
    assert court.layout == Layout(
        name="district",
        columns={"case_number": ("Номер справы", "№ дела"), "judge": ("Суддзя",)},
        timezone="Europe/Minsk",
        language="be",
    )
    assert court.allow_invalid_certificate
    assert other.layout == Layout(name="court-2", court="Суд Прыдуманага раёна")
    assert page.follow == "nothing"


def test_what_a_browser_makes_of_pages_has_a_default_and_may_be_nothing(written: Write) -> None:
    watchlist = read_watchlist(
        written("""\
defaults: {renderings: [text, pdf]}
sources:
  - {id: one, kind: page, pages: ["https://example.org/a"]}
  - {id: two, kind: page, pages: ["https://example.org/b"], renderings: []}
""")
    )
    assert [source.renderings for source in watchlist.sources] == [("text", "pdf"), ()]
    assert mistakes(
        written("""\
sources:
  - {id: one, kind: page, pages: ["https://example.org/a"], renderings: [video]}
""")
    ) == [
        "2: sources[0].renderings[0]: input should be 'screenshot', 'viewport', 'thumbnail', 'text', 'mhtml' or "
        "'pdf', found 'video'"
    ]


STEPS = """\
sources:
  - id: one
    kind: page
    pages: ["https://example.org/a"]
    engine: browser
    steps:
"""


def test_steps_are_read_with_their_bounds(written: Write) -> None:
    path = written(
        STEPS
        + """\
      - {click: "button.more", at_most: 20}
      - {click_each: "//a[@role='tab']"}
      - {wait_for: "#comments", within_s: 5}
      - {wait_s: 1.5}
      - {scroll: page}
      - {play: video}
      - {python: "own-steps.py:open_replies"}
"""
    )
    code = "async def open_replies(page, most=3):\n    ...\n"
    (path.parent / "own-steps.py").write_text(code)
    (source,) = read_watchlist(path).sources
    assert source.steps == (
        PageStep("click", "button.more", 20, 60.0),
        PageStep("click_each", "//a[@role='tab']", 20, 60.0),
        PageStep("wait_for", "#comments", 1, 5.0),
        PageStep("wait_s", "1.5", 1, 1.5),
        PageStep("scroll", "page", 40, 120.0),
        PageStep("play", "video", 1, 30.0),
        PageStep("python", "own-steps.py:open_replies", 1, 60.0, code),
    )
    assert handling_of(source).steps == source.steps
    assert from_json(Source, to_json(source)) == source
    assert all("steps" not in to_json(each) for each in read_watchlist(written(FULL)).sources)


@pytest.mark.parametrize(
    ("step", "mistake"),
    [
        ("click: [a]", "steps[0].click: expected text, found ['a']"),
        (
            "press: a",
            "steps[0].press: unknown field; known here: at_most, click, click_each, play, python, scroll,",
        ),
        ("clik: a", "steps[0].clik: unknown field; did you mean 'click'?"),
        ("click: 'a['", "steps[0].click: 'a[' is no CSS selector"),
        (
            "at_most: 3",
            "steps[0]: expected one of click, click_each, wait_for, wait_s, scroll, play, python; found",
        ),
        ("{click: a, play: b}", "steps[0]: expected one of"),
        ("{click: a, at_most: 501}", "steps[0].at_most: input should be less than or equal to 500, found 501"),
        (
            "{wait_for: a, at_most: 2}",
            "steps[0]: at_most goes with click, click_each, scroll, play; found it with",
        ),
        ("wait_s: 601", "steps[0].wait_s: input should be less than or equal to 600, found 601"),
        ("{wait_s: 1, within_s: 2}", "steps[0]: wait_s is the time itself; remove within_s"),
        (
            "python: ../own.py:f",
            "steps[0].python: '../own.py:f' names no function: expected file.py:function, the",
        ),
        (
            "python: none.py:f",
            "steps[0].python: {folder}/none.py: expected a file, and it cannot be read: No such",
        ),
        ("python: own.py:g", "steps[0].python: {folder}/own.py: defines no function g; it defines: f, two"),
        ("python: own.py:f", "steps[0].python: {folder}/own.py: expected `async def f(page)`, found another form"),
        ("python: own.py:two", "steps[0].python: {folder}/own.py: expected `async def two(page)`, found another"),
        ("python: odd.py:f", "steps[0].python: {folder}/odd.py: is no Python code"),
        ("python: long.py:f", "steps[0].python: {folder}/long.py: expected at most 16384 bytes, found more"),
        ("python: link.py:f", "steps[0].python: {folder}/link.py: expected a file, found a symbolic link"),
        ("python: open.py:f", "steps[0].python: {folder}/open.py: expected that only its owner can write there"),
    ],
)
def test_a_mistake_in_a_step_is_named_where_it_stands(written: Write, step: str, mistake: str) -> None:
    path = written(STEPS + f"      - {step}\n")
    folder = path.parent
    (folder / "own.py").write_text("def f(page): ...\nasync def two(page, other): ...\n")
    (folder / "odd.py").write_text("async def f(page) ...\n")
    (folder / "long.py").write_text("async def f(page): ...\n" + "#" * 17_000)
    (folder / "link.py").symlink_to("own.py")
    (folder / "open.py").write_text("async def f(page): ...\n")
    (folder / "open.py").chmod(0o666)
    (found,) = mistakes(path)
    assert found.startswith(f"7: sources[0].{mistake.format(folder=folder)}")


def test_steps_need_a_browser_and_have_an_end(written: Write) -> None:
    one = STEPS + "      - {wait_s: 1}\n"
    assert mistakes(written(one.replace("engine: browser", "engine: http"))) == [
        "2: sources[0]: steps are done in the browser: expected `engine: browser` or `auto` beside them"
    ]
    (found,) = mistakes(written(STEPS + "      - {wait_s: 1}\n" * 31))
    assert found.startswith("6: sources[0].steps: list should have at most 30 items")


def test_consent_dialogs_are_left_unless_a_source_has_them_rejected(written: Write) -> None:
    watchlist = read_watchlist(
        written("""\
sources:
  - {id: one, kind: page, pages: ["https://example.org/a"]}
  - {id: two, kind: page, pages: ["https://example.org/b"], consent: reject}
  - {id: three, kind: page, pages: ["https://example.org/c"], consent: leave}
""")
    )
    assert [handling_of(source).reject_consent for source in watchlist.sources] == [False, True, False]
    assert mistakes(
        written("""\
sources:
  - {id: one, kind: page, pages: ["https://example.org/a"], consent: accept}
""")
    ) == ["2: sources[0].consent: input should be 'reject' or 'leave', found 'accept'"]


def test_video_is_looked_for_where_a_source_says_so_and_within_its_limits(written: Write) -> None:
    watchlist = read_watchlist(
        written("""\
sources:
  - {id: one, kind: page, pages: ["https://example.org/a"]}
  - {id: two, kind: page, pages: ["https://example.org/b"], video: true}
  - {id: three, kind: news, start_pages: ["https://example.org/c"], video: {max_height: 480, max_mb: 50}}
  - {id: four, kind: page, pages: ["https://example.org/d"], video: false}
""")
    )
    small = VideoLimits(max_height=480, max_mb=50)
    assert [source.video for source in watchlist.sources] == [None, VideoLimits(), small, None]
    assert [from_json(Source, to_json(source)) for source in watchlist.sources] == list(watchlist.sources)
    assert mistakes(
        written("""\
sources:
  - {id: one, kind: page, pages: ["https://example.org/a"], video: {max_hight: 480}}
  - {id: two, kind: page, pages: ["https://example.org/b"], video: best}
  - {id: three, kind: page, pages: ["https://example.org/c"], video: {max_mb: 0}}
  - {id: four, kind: page, pages: ["https://example.org/d"], video: true, spider: "own.pages:Spider"}
""")
    ) == [
        "2: sources[0].video.max_hight: unknown field; did you mean 'max_height'?",
        "3: sources[1].video: expected true, or limits such as {max_height: 720}, found 'best'",
        "4: sources[2].video.max_mb: input should be greater than or equal to 1, found 0",
        "5: sources[3]: pages of an extension's spider are not searched for video: remove `video`, or the spider",
    ]


def test_every_mistake_is_listed_with_file_line_and_field(written: Write) -> None:
    path = written("""\
sources:
  - id: Bad Id
    kind: telegram
    chanel: naviny
  - id: two
    kind: news
    feeds:
      - https://news.example/rss.xml
      - news.example/rss.xml
    limits:
      pages: 0
      hours: 2
    delay_s: soon
  - id: two
    kind: court_list
    pages: [https://court.example/]
    layout: nowhere
  - id: four
    kind: podcast
  - id: five
    kind: page
    pages: []
    expect: {min: 9, max: 2}
colour: green
""")
    assert mistakes(path) == [
        "2: sources[0].id: 'Bad Id': expected a-z, 0-9, - and _, at most 64, not - or _ first",
        "2: sources[0].channel: missing",
        "4: sources[0].chanel: unknown field; did you mean 'channel'?",
        "9: sources[1].feeds[1]: 'news.example/rss.xml' is not a web address: expected https://host/path",
        "11: sources[1].limits.pages: input should be greater than or equal to 1, found 0",
        "12: sources[1].limits.hours: unknown field; known here: bytes, pages, seconds",
        "13: sources[1].delay_s: expected a number, found 'soon'",
        "14: sources[2].id: 'two' is taken, see line 5",
        "17: sources[2].layout: no layout 'nowhere'; declared: none",
        "19: sources[3].kind: unknown kind 'podcast'; known kinds: "
        "telegram, news, court_list, register, notice, wanted_list, page",
        "23: sources[4].expect: min (9) is more than max (2)",
        "24: colour: unknown field; known here: defaults, layouts, sources",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: expected `sources:` with at least one source"),
        ("sources: []", "1: expected `sources:` with at least one source"),
        ("- a\n- b", "1: expected `sources:` with at least one source"),
        ("sources: [", "1: expected the node content, but found"),
        ("sources:\n  - just text", "2: sources[0]: expected a source with id and kind"),
        ("sources:\n  - {id: a, kind: page}", "2: sources[0]: nothing to fetch: expected at least one of pages"),
        (
            "sources:\n  - id: a\n    id: b\n    kind: telegram\n    channel: abcde",
            "3: sources[0].id: stands here a second time",
        ),
        (
            "defaults: {engine: firefox}\nsources:\n  - {id: a, kind: telegram, channel: abcde}",
            "1: defaults.engine: input should be 'http', 'browser', 'auto' or 'direct', found 'firefox'",
        ),
        (
            "defaults: {kind: page}\nsources:\n  - {id: a, kind: telegram, channel: abcde}",
            "1: defaults.kind: has no default; known here: access_label, consent, delay_s, egress, engine,",
        ),
        (
            "layouts:\n  x: {article: {title: 'h1['}}\nsources:\n  - {id: a, kind: telegram, channel: abcde}",
            "2: layouts.x.article.title: 'h1[' is no CSS selector: Expected",
        ),
        (
            "sources:\n  - id: a\n    kind: news\n    feeds: [https://a.example/]\n"
            "    layout:\n      article:\n        published: //time[\n",
            "7: sources[0].layout.article.published: '//time[' is no XPath: ",
        ),
        (
            "layouts:\n  x: {article: {autors: i}}\nsources:\n  - {id: a, kind: telegram, channel: abcde}",
            "2: layouts.x.article.autors: unknown field; did you mean 'authors'?",
        ),
        (
            "layouts:\n  x: {timezone: Minsk}\nsources:\n  - {id: a, kind: telegram, channel: abcde}",
            "2: layouts.x.timezone: 'Minsk' is not a time zone: expected a name such as Europe/Minsk",
        ),
        (
            "sources:\n  - {id: a, kind: page, pages: ['https://user:secret@example.org/']}",
            "2: sources[0].pages[0]: a web address with a password in it would end up in the evidence",
        ),
        (
            "sources:\n  - {id: a, kind: telegram, channel: 'https://vk.com/abcde'}",
            "2: sources[0].channel: 'https://vk.com/abcde' is not a channel: expected the HANDLE in t.me/HANDLE",
        ),
    ],
)
def test_a_mistake_is_told_in_words(written: Write, text: str, expected: str) -> None:
    told = mistakes(written(text))
    assert len(told) == 1
    assert told[0].startswith(expected)


LAUGHS = "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10) if level else 'ha'}]\n" for level in range(12)
)
MERGES = "".join(
    f"a{level}: &a{level}\n  <<: [{', '.join([f'*a{level - 1}'] * 10)}]\n" if level else "a0: &a0 {x: y}\n"
    for level in range(12)
)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{LAUGHS}sources: *a11\n", 7, "with its aliases (*) written out, what begins here has more than 500000"),
        (f"{MERGES}sources: [*a11]\n", 13, "with its aliases (*) written out, what begins here has more than"),
        ("sources:\n  - &a\n    id: *a\n", 2, "holds an alias (*) of itself"),
        (f"sources: {'[' * 60}{']' * 60}\n", 1, "nested too deeply; expected at most 50"),
        (f"sources: {'[' * 100_000}\n", 1, "nested too deeply; expected at most 50"),
        ("sources:\n" + "".join(f"{' ' * n}- \n" for n in range(2, 70)), 51, "nested too deeply"),
        (f"sources:\n  - id: {'1:59' * 50_000}\n", 2, "a value of 200000 characters; expected at most 100000"),
        ("#" * (1 << 24) + "\n", 1, "the file is longer than 16777216 bytes"),
    ],
    ids=["laughs", "merges", "itself", "deep", "deeper", "steps", "long", "huge"],
)
def test_a_file_that_stands_for_more_than_people_write_is_refused(
    written: Write, text: str, line: int, said: str
) -> None:
    path = written(text)
    with pytest.raises(InvalidWatchlist) as errors:
        read_watchlist(path)
    [mistake] = errors.value.mistakes
    assert said in mistake.message
    assert mistake.line == line


def test_anchors_as_people_use_them_are_read(written: Write) -> None:
    text = "".join(f"  - {{id: s{n}, kind: telegram, channel: kanal_{n}, limits: *usual}}\n" for n in range(100))
    path = written(
        f"sources:\n  - {{id: first, kind: telegram, channel: kanal, limits: &usual {{pages: 3}}}}\n{text}"
    )
    assert {source.limits.pages for source in read_watchlist(path).sources} == {3}


def test_a_source_names_the_egress_profile_it_leaves_by(written: Write) -> None:
    path = written("""\
defaults: {egress: office}
sources:
  - {id: a, kind: telegram, channel: naviny}
  - {id: b, kind: telegram, channel: naviny2, egress: tor}
  - {id: c, kind: telegram, channel: naviny3, egress: direct}
""")
    sources = read_watchlist(path, egress=("direct", "office", "tor")).sources
    assert [source.egress for source in sources] == ["office", "tor", "direct"]


def test_an_egress_profile_that_this_machine_does_not_have_is_a_mistake(written: Write) -> None:
    path = written("""\
defaults: {egress: office}
sources:
  - id: a
    kind: telegram
    channel: naviny
    egress: tor
  - {id: b, kind: telegram, channel: naviny2}
""")
    with pytest.raises(InvalidWatchlist) as caught:
        read_watchlist(path, egress=("direct",))
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        f"{path}:1: defaults.egress: no egress profile 'office'; this machine has: direct",
        f"{path}:6: sources[0].egress: no egress profile 'tor'; this machine has: direct",
    ]


def test_an_address_in_the_place_of_a_profiles_name_is_not_repeated(written: Write) -> None:
    path = written("sources:\n  - {id: a, kind: telegram, channel: naviny, egress: 'socks5://me:secret@h:1'}")
    with pytest.raises(InvalidWatchlist) as caught:
        read_watchlist(path, egress=("direct",))
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        f"{path}:2: sources[0].egress: expected the name of an egress profile (a-z, 0-9 and _), "
        "never its address; found (not shown)"
    ]


@pytest.mark.parametrize(
    "spelling", ["naviny", "@naviny", "t.me/naviny", "https://t.me/s/naviny", "https://t.me/naviny/"]
)
def test_a_channel_may_be_written_as_people_write_it(written: Write, spelling: str) -> None:
    path = written(f"sources:\n  - {{id: a, kind: telegram, channel: '{spelling}'}}")
    assert read_watchlist(path).sources[0].channel == "naviny"


@pytest.mark.parametrize("address", ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://10.0.0.1/"])
def test_private_addresses_are_left_to_the_recorder(written: Write, address: str) -> None:
    path = written(f"sources:\n  - {{id: a, kind: page, pages: ['{address}']}}")
    assert read_watchlist(path).sources[0].pages == (address,)


def test_a_file_that_is_not_there_or_not_text_is_told_so(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "none.yaml") == ["1: cannot be read: No such file or directory"]
    (tmp_path / "latin.yaml").write_bytes(b"sources: \xe9")
    assert mistakes(tmp_path / "latin.yaml")[0].startswith("1: is not UTF-8")


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused_in_words(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.yaml"
        path.write_text(text, "utf-8", newline="")
        with pytest.raises(InvalidWatchlist):
            read_watchlist(path)


def test_sources_survive_their_json_form(written: Write) -> None:
    for source in read_watchlist(written(FULL)).sources:
        assert from_json(Source, to_json(source)) == source


def test_pages_named_by_a_person_make_a_source_of_their_own() -> None:
    source = source_for_urls(("https://a.example/", "https://b.example/"), follow="nothing")
    assert (source.kind, source.seeds, source.robots) == (
        "page",
        ("https://a.example/", "https://b.example/"),
        "ignore",
    )


def test_the_watchlist_we_ship_has_every_kind_of_source_and_no_mistake() -> None:
    shipped = read_watchlist(ROOT / "watchlist.yaml")
    assert {source.kind for source in shipped.sources} == set(entry_models())


EXPECTS = """\
sources:
  - id: site
    kind: news
    feeds: [https://news.example/rss.xml]
    expect: {{{expect}}}
"""


def test_what_is_expected_of_a_crawl_is_read_with_its_shares(tmp_path: Path) -> None:
    path = tmp_path / "watchlist.yaml"
    path.write_text(EXPECTS.format(expect="min: 3, fields: {title: 0.9}, understood: 1, silent_days: 10"), "utf-8")
    (source,) = read_watchlist(path).sources
    assert source.expect == Expectation(min=3, fields={"title": 0.9}, understood=1, silent_days=10)
    assert from_json(Source, to_json(source)) == source


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (
            "fields: {title: 90}",
            "sources[0].expect.fields.title: input should be less than or equal to 1, found 90",
        ),
        ("understood: true", "sources[0].expect.understood: expected a number"),
        ("silent_days: 0", "sources[0].expect.silent_days: input should be greater than 0, found 0"),
        ("silence: 3", "sources[0].expect.silence: unknown field; known here: fields, max, min"),
    ],
)
def test_a_share_or_time_that_cannot_be_is_named(tmp_path: Path, expect: str, message: str) -> None:
    path = tmp_path / "watchlist.yaml"
    path.write_text(EXPECTS.format(expect=expect), "utf-8")
    with pytest.raises(InvalidWatchlist) as errors:
        read_watchlist(path)
    assert message in str(errors.value)


def test_an_unknown_kind_hides_no_other_mistake(written: Write) -> None:
    found = mistakes(
        written("""
sources:
  - id: Bad Id
    kind: podcast
    channel: kanal
    colour: green
    limits: {pages: 0}
  - id: near
    kind: telegrm
    chanel: kanal
""")
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in found] == [
        "sources[0].id",
        "sources[0].kind",
        "sources[0].colour",
        "sources[0].limits.pages",
        "sources[1].channel",
        "sources[1].kind",
        "sources[1].chanel",
    ]


def test_a_kind_is_known_by_either_spelling(written: Write) -> None:
    path = written("sources: [{id: a, kind: court-list, pages: ['https://court.example/']}]")
    assert read_watchlist(path).sources[0].kind == "court_list"


EXTENSION = """\
sources:
  - id: court
    kind: court_list
    pages: [https://court.example/list]
    parser: courts.parser:CourtList
"""


def extensions(tmp_path: Path, parser: str = "class CourtList:\n    pass\n") -> ExtensionFolder:
    (tmp_path / "extensions" / "courts").mkdir(parents=True)
    (tmp_path / "extensions" / "courts" / "parser.py").write_text(parser)
    for each in (tmp_path / "extensions", *(tmp_path / "extensions").rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    return ExtensionFolder(tmp_path / "extensions")


def test_a_source_may_name_a_parser_of_an_extension(written: Write, tmp_path: Path) -> None:
    (source,) = read_watchlist(written(EXTENSION), extensions=extensions(tmp_path)).sources
    assert source.parser == "courts.parser:CourtList"
    assert from_json(Source, to_json(source)) == source


def test_the_json_form_of_sources_without_a_parser_is_as_it_always_was(written: Write) -> None:
    assert all("parser" not in to_json(source) for source in read_watchlist(written(FULL)).sources)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "courts.parser:CourtList",
            "os:system",
            "names no class of an extension: expected",
        ),
        (
            "courts.parser:CourtList",
            "courts.parser:List",
            "defines no class List; it defines: CourtList",
        ),
        (
            "courts.parser:CourtList",
            "courts.pages:List",
            "has no file pages.py; it has: parser.py",
        ),
        ("courts.parser:CourtList", "json.decoder:JSONDecoder", "is the name of a module of Letapis, of Python"),
        ("courts.parser:CourtList", "wanted.parser:List", "there is no folder"),
        ("kind: court_list", "kind: telegram", "unknown field"),
    ],
)
def test_a_parser_that_cannot_be_loaded_is_named_with_its_line(
    written: Write, tmp_path: Path, old: str, new: str, message: str
) -> None:
    file = written(EXTENSION.replace(old, new))
    with pytest.raises(InvalidWatchlist) as found:
        read_watchlist(file, extensions=extensions(tmp_path))
    (mistake,) = [each for each in found.value.mistakes if each.field == "sources[0].parser"]
    assert mistake.line == 5
    assert message in mistake.message


def test_reading_a_watch_list_runs_no_code_of_an_extension(written: Write, tmp_path: Path) -> None:
    code = "open('/tmp/ran', 'w')\nraise SystemExit('ran')\nclass CourtList:\n    pass\n"
    (source,) = read_watchlist(written(EXTENSION), extensions=extensions(tmp_path, code)).sources
    assert source.parser == "courts.parser:CourtList"
    assert not Path("/tmp/ran").exists()


def test_without_a_folder_a_source_with_a_parser_says_what_to_set(written: Write) -> None:
    with pytest.raises(InvalidWatchlist, match=r"sources\[0\]\.parser: .*name it in LETAPIS_EXTENSIONS"):
        read_watchlist(written(EXTENSION), extensions=ExtensionFolder(None))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("    spider: wanted.spider:Pages\n", "expected classes of one extension, found courts, wanted"),
        ("    spider: courts.parser:CourtList\n    engine: browser\n", "crawls over plain HTTP"),
        ("    spider: courts.spider:Pages\n", "extension courts has no file spider.py"),
    ],
)
def test_a_spider_is_of_the_parsers_extension_and_over_plain_http(
    written: Write, tmp_path: Path, more: str, message: str
) -> None:
    with pytest.raises(InvalidWatchlist, match=message):
        read_watchlist(written(EXTENSION + more), extensions=extensions(tmp_path))


def test_a_source_says_on_which_legal_basis_it_is_collected_and_when_that_is_reviewed(tmp_path: Path) -> None:
    entry = "  - {{id: a, kind: telegram, channel: kanal_a, {}}}\n"
    path = tmp_path / "watchlist.yaml"
    path.write_text("sources:\n" + entry.format("legal_basis: 'GDPR, art. 6', review_by: 2027-01-31"), "utf-8")
    (source,) = read_watchlist(path).sources
    assert (source.legal_basis, source.review_by) == ("GDPR, art. 6", "2027-01-31")
    assert from_json(Source, to_json(source)) == source
    assert "review_by" not in to_json(source_for_urls(("https://example.org/",))), "files of others stay the same"
    for wrong, words in (
        ("review_by: 31.01.2027", "expected a day such as 2027-01-31, found '31.01.2027'"),
        ("review_by: 2027-01-31T10:00:00", "expected a day"),
        ("access_label: withdrawn", "is no label of a source"),
    ):
        path.write_text("sources:\n" + entry.format(wrong), "utf-8")
        with pytest.raises(InvalidWatchlist, match=words):
            read_watchlist(path)
