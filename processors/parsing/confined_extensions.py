"""An extension's parsers in a worker process of their own (decision 0031).

In: pages. Out: `Reading`s, as our own parsers give them, under a parser version that names extension, class and
digest; or `PageNotRead`, which names the class and the reason. Raises `ExtensionFault` where the extension cannot
be used at all, ``DecoderUnavailable`` where no worker can be started.
"""

from types import TracebackType
from typing import Self

from processors.extension.code import ClassReference, ExtensionCode, ExtensionFault
from processors.extension.reading import ExtensionReading, ParserFacts
from processors.kinds import KINDS
from processors.pages.page import Page
from processors.pages.parse_result import Links, Reading
from processors.parsing.confined_worker import ConfinedWorker
from processors.parsing.limits import PageLimits
from processors.parsing.page_frame import Task, Work, framed
from processors.parsing.parsers import PageNotRead
from processors.records.own_record import PART_OF_LIST, WHOLE_LIST, is_own_kind
from processors.sandbox.kernel_rules import why_unavailable


class ConfinedExtension:
    """One extension; used as a ``with`` block."""

    def __init__(self, code: ExtensionCode, limits: PageLimits | None = None) -> None:
        self.code = code
        first = b"C" + code.name.encode() + b"\0" + code.archive
        self._worker = ConfinedWorker(
            "processors.parsing.extension_worker", limits or PageLimits(), prologue=(first,)
        )
        self._facts: dict[ClassReference, ParserFacts] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; the next page starts another."""
        self._worker.close()

    def facts(self, reference: ClassReference) -> ParserFacts:
        """What a parser declares, said by a worker that has seen no page. Raises `ExtensionFault`."""
        if reference not in self._facts:
            if (reason := why_unavailable()) is not None:
                raise ExtensionFault(
                    f"{reference}: an operator's code runs confined by the kernel alone, and {reason}"
                )
            self._worker.close()
            try:
                self._facts[reference] = self._worker.ask(b"F" + str(reference).encode(), ParserFacts)
            except PageNotRead as why:
                raise ExtensionFault(f"{reference}: {why}" if why.limit else str(why)) from None
        return self._facts[reference]

    def version_name(self, reference: ClassReference) -> str:
        """The parser version of its readings: ``extension.module:Class/version@digest``."""
        return f"{reference}/{self.facts(reference).version}@{self.code.short_digest}"

    def page_kind(self, reference: ClassReference) -> str:
        """The kind under which its readings stand: its own, or that of our pages with such records."""
        declared = self.facts(reference).kind
        return (
            declared
            if is_own_kind(declared)
            else next(k.page for k in KINDS.values() if k.record.name == declared)
        )

    def read_page(self, page: Page, reference: ClassReference) -> Reading:
        """The page's outcome and records."""
        facts = self.facts(reference)
        frame = b"R" + str(reference).encode() + b"\0" + framed(Work(task=Task.READ, page=page))
        try:
            read = self._worker.ask(frame, ExtensionReading)
        except PageNotRead as why:
            raise PageNotRead(f"{reference}: {why}", limit=why.limit) from None
        others = {record.kind for record in read.records} - {facts.kind}
        if others:
            raise PageNotRead(f"{reference}: gave records of kind {', '.join(sorted(others))}", limit=False)
        own = WHOLE_LIST if facts.complete_list else PART_OF_LIST
        return Reading(
            url=page.url,
            kind=self.page_kind(reference),
            outcome=read.outcome,
            outcome_reason=read.outcome_reason,
            layout=own if is_own_kind(facts.kind) else None,
            parser_version=self.version_name(reference),
            records=read.records,
            links=Links(next_pages=read.next_pages),
        )
