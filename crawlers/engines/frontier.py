"""Which of a spider's wishes are fetched: none twice, and pages up to the limit."""

from collections.abc import Callable, Iterable, Iterator

from crawlers.spiders.base import PageRequest, Role


class Frontier:
    """The way of one crawl. ``remark`` hears once when the limit of pages leaves something out."""

    def __init__(self, pages: int | None, remark: Callable[[str], None]) -> None:
        self._limit = pages
        self._remark = remark
        self._asked: set[str] = set()
        self._pages = 0
        self._told = False

    def admit(self, asks: Iterable[PageRequest]) -> Iterator[PageRequest]:
        """Those of ``asks`` that are to be fetched, in order."""
        for ask in asks:
            url = ask.url.partition("#")[0]
            if url in self._asked:
                continue
            if ask.role is not Role.SUBRESOURCE:
                if self._limit is not None and self._pages >= self._limit:
                    self._tell()
                    continue
                self._pages += 1
            self._asked.add(url)
            yield ask

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self._remark(f"the limit of {self._limit} pages was reached; what lies behind them was not asked for")
