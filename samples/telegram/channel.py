"""The content of a sample channel: what each post is on each day, read from the YAML beside this package."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from samples.days import content_file, merged, on_day

CHANNELS = ("pryklad_vestki", "oblsud_pryklad", "pryklad_monitor")
"""Content files of the channels; each has the name that its channel has on day 1."""


def as_utc(moment: datetime) -> datetime:
    """Times in the content files are UTC and written without saying so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(as_utc)]


class Part(BaseModel):
    """A part of the content; an unknown key is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Forward(Part):
    """Where a post came from; without an address the origin is hidden."""

    name: str
    url: str | None = None


class Reply(Part):
    """The post answered, and how the page quotes it."""

    id: int
    text: str
    thumb: str | None = None


class Poll(Part):
    """A poll with its results in whole percent."""

    question: str
    type: str
    voters: str
    options: dict[str, int]


class Preview(Part):
    """The card of a link."""

    url: str
    site: str
    title: str
    description: str
    image: str


class Video(Part):
    """A video that plays in the preview."""

    file: str
    thumb: str
    duration: str
    width: int = 0
    height: int = 0


class BigVideo(Part):
    """A video the preview withholds."""

    thumb: str
    duration: str


class Voice(Part):
    """A voice message."""

    file: str
    duration: str


class Named(Part):
    """A document or a piece of music: the preview shows name and size, not the file."""

    title: str
    extra: str


class Location(Part):
    """A point on the map, in degrees as the page writes them."""

    lat: str
    lon: str


class Post(Part):
    """One post as it stands on one day."""

    id: int
    at: Moment
    text: str | None = None
    views: str | None = None
    reactions: dict[str, str] = {}
    paid_reactions: str | None = None
    edited: bool = False
    signature: str | None = None
    service: str | None = None
    service_photo: str | None = None
    photo: str | None = None
    album: tuple[str, ...] = ()
    album_thumbs: dict[str, str] = {}
    video: Video | None = None
    big_video: BigVideo | None = None
    round_video: Video | None = None
    voice: Voice | None = None
    document: Named | None = None
    audio: Named | None = None
    sticker: str | None = None
    location: Location | None = None
    poll: Poll | None = None
    forward: Forward | None = None
    reply: Reply | None = None
    preview: Preview | None = None
    unsupported: bool = False

    @property
    def ids(self) -> tuple[int, ...]:
        """Every id the post uses up: an album takes one for each item."""
        return tuple(range(self.id, self.id + max(1, len(self.album))))


class Channel(Part):
    """A channel as it stands on one day, oldest post first."""

    handle: str
    channel_id: int
    title: str
    description: str
    verified: bool
    avatar: str
    colour: int
    counters: dict[str, str]
    posts: tuple[Post, ...]


@lru_cache(maxsize=16)
def channels(day: int) -> Mapping[str, Channel]:
    """The channels by the handles they have on that day."""
    found = (_channel(name, day) for name in CHANNELS)
    return {each.handle: each for each in found}


def _channel(name: str, day: int) -> Channel:
    facts = content_file(name)
    posts = on_day(facts.pop("posts"), day)
    return Channel.model_validate(merged(facts, day) | {"posts": posts})
