"""The content of the news site: its articles as they stand on each day."""

from datetime import datetime
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from samples.days import content_file, on_day
from samples.media.files import picture_suffix

IMAGE_HOST = "img.vesnik.pryklad.example"
UPLOADS = "/uploads/"


class Illustration(BaseModel):
    """A picture of an article and its caption."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: str
    caption: str

    @property
    def url(self) -> str:
        """Its lasting address."""
        return image_url(self.picture)


class NewsArticle(BaseModel):
    """An article; ``form`` says which of the site's two generations of templates shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    form: Literal["modern", "plain"]
    language: str = "be"
    title: str
    section: str
    tags: tuple[str, ...]
    author: str
    published: str
    modified: str | None = None
    lead: str
    text: tuple[str, ...]
    images: tuple[Illustration, ...]

    @property
    def published_at(self) -> datetime:
        """When it appeared, as an aware time."""
        return datetime.fromisoformat(self.published)


def image_url(picture: str) -> str:
    """The address of a picture: readable, and the same at every page load."""
    return f"https://{IMAGE_HOST}{UPLOADS}{picture.replace('/', '--')}{picture_suffix(picture)}"


def picture_at(path: str) -> str:
    """The picture behind a path of the image host; raises ``ValueError`` for a path that is none."""
    name, dot, _ = path.removeprefix(UPLOADS).rpartition(".")
    if not path.startswith(UPLOADS) or not dot:
        raise ValueError(f"no picture at {path!r}")
    return name.replace("--", "/")


@lru_cache(maxsize=4)
def articles(day: int) -> tuple[NewsArticle, ...]:
    """Every article on that day, oldest first."""
    return tuple(NewsArticle.model_validate(facts) for facts in on_day(content_file("vesnik")["articles"], day))
