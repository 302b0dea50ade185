"""What an entry of the watch-list may say: one model per kind of source; unknown fields are mistakes.

In: plain values from YAML. Out: ``Source``. pydantic finds the mistakes; ``sentence`` puts each into words.
Whether an address is public is no matter of the watch-list: the recorder decides it at the moment of connecting.
"""

import difflib
import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from crawlers.watchlist.engines import Engine
from crawlers.watchlist.page_step import (
    LONGEST_S,
    MOST_STEPS,
    MOST_TIMES,
    USUAL_S,
    USUAL_TIMES,
    PageStep,
    StepAction,
)
from crawlers.watchlist.source import (
    Consent,
    Expectation,
    Follow,
    RenderingName,
    Robots,
    Source,
    SourceLimits,
    VideoLimits,
)
from crawlers.watchlist.step_code import parse_step_function
from crawlers.watchlist.telegram_handle import handle_or_name
from processors.extension.code import parse_reference
from processors.kinds import KINDS, SINGLE_PAGES, is_complete_list, source_kinds
from processors.pages.selectors import FIELDS, SelectorError, compiled
from processors.tables.layout import Layout


def _mistake(message: str) -> PydanticCustomError:
    return PydanticCustomError("watchlist", "{message}", {"message": message})


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _mistake(f"{text!r} is not a web address: {error}") from error
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f<>\"\\]", text):
        raise _mistake(f"{text!r} is not a web address: expected https://host/path")
    if parts.username is not None or parts.password is not None:
        raise _mistake("a web address with a password in it would end up in the evidence")
    return text


def _host_name(text: str) -> str:
    if not re.fullmatch(r"(?!-)[\w.-]{1,253}(?<!-)", text) or "." not in text.strip("."):
        raise _mistake(f"{text!r} is not a host name: expected example.org, without https:// and path")
    return text.lower()


def _scope_entry(text: str) -> str:
    host, slash, path = text.partition("/")
    return _host_name(host) + slash + path


def _channel(value: Any) -> Any:
    """The handle, also out of the forms in which people write it."""
    if not isinstance(value, str):
        return value
    handle = handle_or_name(value)
    if handle is None:
        raise _mistake(f"{value!r} is not a channel: expected the HANDLE in t.me/HANDLE")
    return handle


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise _mistake(f"{text!r} is not a time zone: expected a name such as Europe/Minsk") from error
    return text


def _selector(text: str) -> str:
    try:
        compiled(text)
    except SelectorError as error:
        raise _mistake(str(error)) from error
    return text


def _class_of_extension(text: str) -> str:
    try:
        parse_reference(text)
    except ValueError as error:
        raise _mistake(str(error)) from error
    return text


def _function_of_step(text: str) -> str:
    try:
        parse_step_function(text)
    except ValueError as error:
        raise _mistake(str(error)) from error
    return text


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise _mistake("expected a number")
    return value


def _label_of_source(text: str) -> str:
    if text in ("quarantined", "withdrawn"):
        raise _mistake(f"{text!r} hides what people have withdrawn or quarantined, and is no label of a source")
    return text


def _day(value: Any) -> str:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat()
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
    except ValueError:
        pass
    raise _mistake(f"expected a day such as 2027-01-31, found {str(value)[:40]!r}")


def _video(value: Any) -> Any:
    """`true` is the usual limits, `false` is none at all."""
    if isinstance(value, bool):
        return {} if value else None
    if value is not None and not isinstance(value, dict):
        raise _mistake(f"expected true, or limits such as {{max_height: 720}}, found {str(value)[:40]!r}")
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1, max_length=500, strict=True)]
WebAddress = Annotated[Text, AfterValidator(_web_address)]
HostName = Annotated[Text, AfterValidator(_host_name)]
ScopeEntry = Annotated[Text, AfterValidator(_scope_entry)]
Selector = Annotated[Text, AfterValidator(_selector)]
ClassOfExtension = Annotated[Text, AfterValidator(_class_of_extension)]
FunctionOfStep = Annotated[Text, AfterValidator(_function_of_step)]
Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=1, strict=True)]


DEFAULT_LIMITS = SourceLimits()


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsEntry(_Entry):
    """``bytes`` takes a number or a size such as ``500MB``."""

    pages: Count = DEFAULT_LIMITS.pages
    """How many pages a crawl fetches at most."""
    bytes: Annotated[ByteSize, BeforeValidator(_no_bool), Field(ge=1)] = ByteSize(DEFAULT_LIMITS.bytes)
    """How many bytes a crawl receives at most."""
    seconds: Annotated[float, BeforeValidator(_no_bool), Field(gt=0, strict=True)] = DEFAULT_LIMITS.seconds
    """How long a crawl takes at most."""


DEFAULT_VIDEO = VideoLimits()


class VideoEntry(_Entry):
    """What is taken of the video and audio of one page."""

    max_height: Count = DEFAULT_VIDEO.max_height
    """How many lines the picture has at most: of a video in several sizes the best within is taken."""
    max_mb: Count = DEFAULT_VIDEO.max_mb
    """How many megabytes (of 1,000,000 bytes) the media of one page come to at most; what is cut is marked as cut.
    """
    max_duration_s: Annotated[float, BeforeValidator(_no_bool), Field(gt=0, strict=True)] = (
        DEFAULT_VIDEO.max_duration_s
    )
    """How many seconds a video lasts at most; a longer one is left, with that as the reason."""
    max_videos: Count = DEFAULT_VIDEO.max_videos
    """How many videos of one page are taken at most."""


Share = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, le=1, strict=True)]


class ExpectEntry(_Entry):
    """What one crawl should give."""

    min: Annotated[int, BeforeValidator(_no_bool), Field(ge=0, strict=True)] | None = None
    """The least number of records."""
    max: Annotated[int, BeforeValidator(_no_bool), Field(ge=0, strict=True)] | None = None
    """The greatest number of records."""
    fields: dict[Text, Share] = {}
    """By field of the record: the least share of records (0 to 1) in which it is filled."""
    understood: Share | None = None
    """The least share of pages (0 to 1) that a parser understands."""
    silent_days: Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=3650, strict=True)] | None = None
    """The longest time in days without anything new."""

    @model_validator(mode="after")
    def _in_order(self) -> "ExpectEntry":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise _mistake(f"min ({self.min}) is more than max ({self.max})")
        return self


class ArticleEntry(_Entry):
    """Where fields of an article stand on the pages of one site, as CSS selectors or XPath."""

    title: Selector | None = None
    """The title."""
    text: Selector | None = None
    """The text."""
    authors: Selector | None = None
    """The authors."""
    published: Selector | None = None
    """When the article was published."""
    modified: Selector | None = None
    """When it was last changed."""
    section: Selector | None = None
    """The section of the site."""
    tags: Selector | None = None
    """The tags."""


assert tuple(ArticleEntry.model_fields) == FIELDS


class LayoutEntry(_Entry):
    """``columns``: field of the record to the heading, or headings, that mean it; ``article``: of news sites."""

    columns: dict[Text, Annotated[list[Text], BeforeValidator(_listed), Field(min_length=1)]] = {}
    """By field of the record: the heading, or headings, of its column. Columns that are not named here are
    recognised by their headings where these are known.
    """
    timezone: Annotated[Text, AfterValidator(_timezone)] | None = None
    """The time zone of the times on the page, such as `Europe/Minsk`."""
    language: Annotated[Text, Field(pattern=r"^[a-z]{2,3}$")] | None = None
    """The language of the page, such as `be`."""
    court: Text | None = None
    """The name of the court, used where the page does not give it."""
    register_name: Annotated[Text | None, Field(alias="register")] = None
    """The title of the register, used where the page does not give it."""
    article: ArticleEntry = ArticleEntry()
    """Where the parts of an article stand on a news site that is not understood otherwise."""

    def layout(self, name: str) -> Layout:
        """The layout under the name it is declared with."""
        return Layout(
            name=name,
            columns={field: tuple(headings) for field, headings in self.columns.items()},
            timezone=self.timezone,
            language=self.language,
            court=self.court,
            register=self.register_name,
            article=self.article.model_dump(exclude_none=True),
        )


StepSeconds = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=LONGEST_S, strict=True)]


class StepEntry(_Entry):
    """One step: exactly one of the first seven keys, which are done with the first element that can be seen."""

    click: Selector | None = None
    """Clicks the element, with `at_most` as often as it is there: "show more", the next picture of a carousel."""
    click_each: Selector | None = None
    """Clicks each element that is there when the step begins, once: tabs, folded comments."""
    wait_for: Selector | None = None
    """Waits until the element can be seen."""
    wait_s: StepSeconds | None = None
    """Waits for so many seconds."""
    scroll: Selector | None = None
    """`page` scrolls the page down to its end and up again; a selector scrolls what it names to its end."""
    play: Selector | None = None
    """Plays a video or sound, muted, until it ends or the time is used up. What shows none before it is clicked is
    clicked.
    """
    python: FunctionOfStep | None = None
    """`file.py:function` runs `async def function(page)` with Playwright's page. The file lies in the watch-list's
    own folder, at most 16 KB, and nobody else may be able to change it; its text stands in the WARC files of the
    source.
    """
    at_most: Annotated[int, BeforeValidator(_no_bool), Field(ge=1, le=MOST_TIMES, strict=True)] | None = None
    """How often the step is repeated at most. Without it, `click` and `play` are done once, `click_each` at most
    20 times, `scroll` at most 40.
    """
    within_s: StepSeconds | None = None
    """How many seconds the step may take at most. Without it, 60; of `wait_for` and `play` 30, of `scroll` 120."""

    @model_validator(mode="after")
    def _one_action(self) -> "StepEntry":
        known = get_args(StepAction)
        named = [each for each in known if getattr(self, each) is not None]
        if len(named) != 1:
            raise _mistake(f"expected one of {', '.join(known)}; found {' and '.join(named) or 'none'}")
        if self.at_most is not None and named[0] not in USUAL_TIMES:
            raise _mistake(f"at_most goes with {', '.join(USUAL_TIMES)}; found it with {named[0]}")
        if self.within_s is not None and named[0] == "wait_s":
            raise _mistake("wait_s is the time itself; remove within_s")
        return self

    def step(self) -> PageStep:
        """The step, without the text of a file that it names."""
        action: StepAction = next(each for each in get_args(StepAction) if getattr(self, each) is not None)
        target = getattr(self, action)
        seconds = target if action == "wait_s" else self.within_s or USUAL_S[action]
        text = f"{target:g}" if action == "wait_s" else str(target)
        return PageStep(action, text, self.at_most or USUAL_TIMES.get(action, 1), seconds)


class SourceEntry(_Entry):
    """What every kind of source may say."""

    needs_one_of: ClassVar[tuple[str, ...]] = ()

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", strict=True)]
    """The name of the source: a-z, 0-9, `-` and `_`. It stands in the names of files and must never change."""
    publisher: Text | None = None
    """One name for a publisher that publishes under several host names."""
    limits: LimitsEntry = LimitsEntry()
    """Where a crawl of the source ends; what is cut is marked as cut."""
    delay_s: Annotated[float, BeforeValidator(_no_bool), Field(ge=0, le=3600, strict=True)] = 1.0
    """The least time in seconds between two requests to one host."""
    robots: Robots = "obey"
    """Whether robots.txt is obeyed. The decision about each address is recorded either way."""
    engine: Engine = "http"
    """`http` fetches the page; `browser` loads it in Chromium, and keeps a screenshot and the final DOM as well.
    `auto` fetches each page and loads it in Chromium as well where it shows nothing without scripts; where half of
    a source's pages were so, Chromium loads them at once for a week. What asks whether the visitor is a person,
    or refuses, is labelled as that. `direct` is for a site that refuses the recorder's TLS, and is never chosen by
    itself: Chromium speaks with the site, and what is kept is what it decoded, not the bytes that the site sent.
    """
    renderings: list[RenderingName] | None = None
    """What the browser makes of a page besides its final DOM, which is always kept: a `screenshot` of the whole
    page, one of the `viewport`, a `thumbnail`, the visible `text`, an `mhtml` file, a `pdf`. Without it,
    screenshot and text. Pages that a person names one by one get all of them.
    """
    consent: Consent | None = None
    """`reject` has the browser reject what consent dialogs of known platforms ask for; it never accepts, and
    clicks nothing outside of the dialog. Pictures before and after, and each click, are kept. Without it, or with
    `leave`, dialogs are left as they stand.
    """
    video: Annotated[VideoEntry | None, BeforeValidator(_video)] = None
    """`true`, or limits of its own, has yt-dlp look for video and audio behind the players of each page, and
    capture manifest, segments, subtitles and preview picture, after the page itself: of single pages on each, of
    other kinds on those that gave records. Without it, or with `false`, only media files that stand in the page
    are captured.
    """
    steps: Annotated[list[StepEntry], Field(max_length=MOST_STEPS)] | None = None
    """What the browser does on each page before it is taken, in this order: after the consent dialog, before the
    page is scrolled and pictured. What came of each step stands in the crawl's report and on the page of the
    capture; one that fails costs nothing else. Links and forms that a click would follow are stopped.
    """
    profile: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", strict=True)] | None = None
    """The login profile (`letapis login`) with which the browser loads the pages. What identifies the login is
    redacted in the WARC files, and a page that does not show the profile's sign makes the source fail. The name
    stands in the WARC files: choose one that says nothing of the person.
    """
    expect: ExpectEntry = ExpectEntry()
    """What a crawl should bring. A source that brings less or more is reported. Where nothing is declared, the
    last two weeks of the source are the measure.
    """
    allow_invalid_certificate: Annotated[bool, Field(strict=True)] = False
    """Whether a site with an invalid certificate is captured all the same. The fact is recorded."""
    access_label: Annotated[Text, AfterValidator(_label_of_source)] | None = None
    """A label that every capture of the source inherits; `quarantined` and `withdrawn` are given by people alone.
    """
    legal_basis: Text | None = None
    """On which legal basis the source is collected, in a few words; it is kept in its WARC files."""
    review_by: Annotated[str, BeforeValidator(_day)] | None = None
    """The day by which somebody looks again whether that still holds, such as `2027-01-31`. Once it has passed,
    `letapis status`, `letapis doctor` and the page *Sources* say so until it is set anew.
    """
    egress: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$", strict=True)] | None = None
    """The egress profile by which the source is fetched. Without it, crawls connect directly."""
    reread_days: Annotated[int, BeforeValidator(_no_bool), Field(ge=0, le=3650, strict=True)] = 3
    """How many days back known pages are read again, so that edits and deletions are noticed."""

    @model_validator(mode="after")
    def _something_to_fetch(self) -> "SourceEntry":
        if self.needs_one_of and not any(getattr(self, name) for name in self.needs_one_of):
            raise _mistake(f"nothing to fetch: expected at least one of {', '.join(self.needs_one_of)}")
        return self

    @model_validator(mode="after")
    def _browser_for_profile(self) -> "SourceEntry":
        if self.profile is not None and self.engine != "browser":
            raise _mistake("a profile is used by the browser alone: expected `engine: browser` beside it")
        if self.profile is not None and self.video is not None:
            raise _mistake("video is looked for without a login: remove `video`, or the profile")
        return self

    @model_validator(mode="after")
    def _direct_alone(self) -> "SourceEntry":
        if self.engine == "direct" and self.video is not None:
            raise _mistake("video is fetched through the recorder: remove `video`, or take another engine")
        if self.engine == "direct" and self.allow_invalid_certificate:
            raise _mistake("in direct mode the browser verifies certificates: remove `allow_invalid_certificate`")
        return self

    @model_validator(mode="after")
    def _browser_for_steps(self) -> "SourceEntry":
        if self.steps and self.engine == "http":
            raise _mistake("steps are done in the browser: expected `engine: browser` or `auto` beside them")
        return self


class TelegramEntry(SourceEntry):
    """A public channel with a web preview."""

    kind: Literal["telegram"]
    channel: Annotated[str, BeforeValidator(_channel)]
    """The handle of the channel; `@name`, `https://t.me/name`, `name.t.me` and `tg://resolve?domain=name` are
    understood as well. One channel is one source."""


class ReadByAnyParserEntry(SourceEntry):
    """A source whose pages an operator's own parser may read."""

    parser: ClassOfExtension | None = None
    """The class of an extension that reads the pages, in the place of the parser of Letapis:
    `extension.module:Class` below the folder of `LETAPIS_EXTENSIONS`.
    """
    spider: ClassOfExtension | None = None
    """The class of an extension that crawls the source, in the place of the spider of Letapis, over plain HTTP
    alone; of the same extension as the parser.
    """

    @model_validator(mode="after")
    def _one_extension(self) -> "ReadByAnyParserEntry":
        named = {parse_reference(each).extension for each in (self.parser, self.spider) if each is not None}
        if len(named) > 1:
            raise _mistake(
                f"spider and parser: expected classes of one extension, found {', '.join(sorted(named))}"
            )
        if self.spider is not None and self.engine != "http":
            raise _mistake(f"an extension's spider crawls over plain HTTP: remove `engine: {self.engine}`, or it")
        if self.spider is not None and self.video is not None:
            raise _mistake(
                "pages of an extension's spider are not searched for video: remove `video`, or the spider"
            )
        return self


class NewsEntry(ReadByAnyParserEntry):
    """A publisher's site, found through feeds, sitemaps or pages that link to its articles."""

    needs_one_of: ClassVar[tuple[str, ...]] = ("feeds", "sitemaps", "start_pages")

    kind: Literal["news"]
    feeds: list[WebAddress] = []
    """Addresses of RSS or Atom feeds."""
    sitemaps: list[WebAddress] = []
    """Addresses of sitemaps."""
    start_pages: list[WebAddress] = []
    """Pages that link to the articles."""
    scope: list[ScopeEntry] = []
    """Which addresses belong to the source: hosts, or hosts with the beginning of a path. Without it, the hosts of
    the addresses above.
    """
    mirrors: list[HostName] = []
    """Further host names under which the publisher publishes the same paths."""
    layout: Text | None = None
    """How the pages are laid out: a name from `layouts`, or a layout of its own."""


def _kind_of_list(kind: str) -> str:
    if not is_complete_list(kind):
        known = ", ".join(name for name in KINDS if is_complete_list(name))
        raise _mistake(f"{kind!r} is no kind of list; known kinds of lists: {known}")
    return kind


class ListingEntry(ReadByAnyParserEntry):
    """Pages or documents of a list that an authority publishes: every kind that shows all of itself each night.

    ``layout`` is a name; one that stands here has been read before.
    """

    needs_one_of: ClassVar[tuple[str, ...]] = ("pages",)

    kind: Annotated[str, AfterValidator(_kind_of_list), Field(strict=True)]
    pages: list[WebAddress] = []
    """Addresses of the pages, or of documents: PDF, XLSX, XLS, ODS, DOCX, DOC, RTF, ODT, CSV or JSON."""
    scope: list[ScopeEntry] = []
    """Which addresses belong to the source: hosts, or hosts with the beginning of a path. Without it, the hosts of
    the addresses above.
    """
    layout: Text | None = None
    """How the pages are laid out: a name from `layouts`, or a layout of its own."""


class PageEntry(ReadByAnyParserEntry):
    """Single pages, as they are."""

    needs_one_of: ClassVar[tuple[str, ...]] = ("pages",)

    kind: Literal["page"]
    pages: list[WebAddress] = []
    """Addresses of the pages."""
    scope: list[ScopeEntry] = []
    """Which addresses belong to the source: hosts, or hosts with the beginning of a path. Without it, the hosts of
    the addresses above.
    """
    follow: Follow = "requisites"
    """What is fetched besides the page: `nothing`, what the page needs to be shown, or also the links in scope."""


_OWN_ENTRIES: dict[str, type[SourceEntry]] = {
    "telegram": TelegramEntry,
    "news": NewsEntry,
    SINGLE_PAGES: PageEntry,
}


def entry_models() -> dict[str, type[SourceEntry]]:
    """The model of an entry for each kind of source: its own, or that of lists."""
    return {kind: _OWN_ENTRIES.get(kind, ListingEntry) for kind in source_kinds()}


def source_of(entry: SourceEntry, layout: Layout | None) -> Source:
    """The source that a valid entry declares."""
    plain = entry.model_dump(exclude={"limits", "expect", "layout", "video", "steps"})
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    limits, expect = entry.limits, entry.expect
    return Source(
        **values,
        limits=SourceLimits(pages=limits.pages, bytes=int(limits.bytes), seconds=limits.seconds),
        expect=Expectation(**expect.model_dump()),
        steps=tuple(each.step() for each in entry.steps) if entry.steps else None,
        layout=layout,
        video=None if entry.video is None else VideoLimits(**entry.video.model_dump()),
    )


_WORDS = {
    "missing": "missing",
    "list_type": "expected a list",
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "dict_type": "expected fields of its own",
    "model_type": "expected fields of its own",
    "string_too_short": "empty",
    "byte_size": "expected a number of bytes or a size such as 500MB",
    "byte_size_unit": "expected a number of bytes or a size such as 500MB",
}


def sentence(error: ErrorDetails, model: type[BaseModel]) -> str:
    """One of pydantic's findings, in words for whoever wrote the file."""
    kind, got = error["type"], error["input"]
    if kind == "extra_forbidden":
        known = _fields_at(model, error["loc"][:-1])
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"unknown field; {hint}"
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "id":
        return f"{got!r}: expected a-z, 0-9, - and _, at most 64, not - or _ first"
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "egress":
        return "expected the name of an egress profile (a-z, 0-9 and _), never its address; found (not shown)"
    if kind == "watchlist":
        return error["msg"]
    if kind == "missing":
        return "missing"
    words = _WORDS.get(kind, error["msg"][:1].lower() + error["msg"][1:])
    return f"{words}, found {got!r}"


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for step in path:
        annotation = model.model_fields[str(step)].annotation if str(step) in model.model_fields else None
        model = _model_within(annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_within(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's values are of, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_within(each)) is not None), None)
