"""What an official notice says: a summons or the announcement of proceedings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from processors.records.name_reading import NameReading
from processors.records.official import Official
from processors.records.struck import Struck


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice; the persons it names stay in the issuer's wording."""

    kind: Literal["notice"] = "notice"
    url: str
    issuer_raw: str | None = None
    title: str | None = None
    text: str | None = None
    persons_raw: tuple[str, ...] = ()
    article_codes: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_raw: str | None = None
    officials: tuple[Official, ...] = ()
    struck: tuple[Struck, ...] = ()
    remarks: tuple[str, ...] = ()
    names: tuple[NameReading, ...] = ()
