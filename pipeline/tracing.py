"""OpenTelemetry traces of crawls: which task crawled, sealed, deposited and read what, and how long each took.

In: the environment alone. Nothing is traced, and nothing of OpenTelemetry is loaded, unless it names a collector
(`OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`; specification of OpenTelemetry, "OTLP
exporter configuration"). Out: spans over OTLP/HTTP, in the trace of the Airflow task that runs now, if one does.
No span holds an address, a query, a reason, a case or the text of an error. Guaranteed: whatever becomes of the
collector, no crawl fails because of it, and the end of a task waits for it for at most `FLUSH_S`.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
DISABLED: Final = "OTEL_SDK_DISABLED"
SAMPLER: Final = "OTEL_TRACES_SAMPLER"
SERVICE: Final = "OTEL_SERVICE_NAME"

FLUSH_S: Final = 5.0
"""How long a task waits at its end for spans to leave."""

Value = str | bool | int | float


class Span(Protocol):
    """What is known of one step as it goes on."""

    def note(self, **values: Value | None) -> None:
        """Add facts, by name; what is None is left out."""
        ...

    def part(self, name: str, began_at: datetime, ended_at: datetime, **values: Value | None) -> None:
        """A step inside this one that is over already, by its times (aware)."""
        ...


class _NoSpan:
    """Nothing is traced."""

    def note(self, **values: Value | None) -> None:
        """Forget it."""

    def part(self, name: str, began_at: datetime, ended_at: datetime, **values: Value | None) -> None:
        """Forget it."""


class _Recorded:
    """One span of OpenTelemetry."""

    def __init__(self, span: Any, tracer: Any) -> None:
        self._span = span
        self._tracer = tracer

    def note(self, **values: Value | None) -> None:
        """Add attributes."""
        self._span.set_attributes(_attributes(values))

    def part(self, name: str, began_at: datetime, ended_at: datetime, **values: Value | None) -> None:
        """A child that has ended."""
        from opentelemetry.trace import set_span_in_context

        child = self._tracer.start_span(
            name,
            context=set_span_in_context(self._span),
            start_time=_nanoseconds(began_at),
            attributes=_attributes(values),
        )
        child.end(_nanoseconds(ended_at))


def is_traced() -> bool:
    """Whether the environment names a collector and does not turn tracing off."""
    disabled = os.environ.get(DISABLED, "").strip().lower() == "true"
    return not disabled and any(os.environ.get(name, "").strip() for name in ENDPOINTS)


@contextmanager
def span(name: str, **values: Value | None) -> Iterator[Span]:
    """A step, from the beginning of the block to its end; inside another one it is a part of it.

    An error that ends the block ends the step as failed, by the name of its class alone.
    """
    if not is_traced():
        yield _NoSpan()
        return
    from opentelemetry.trace import Status, StatusCode

    tracer = _provider(os.getpid()).get_tracer("letapis", version("letapis"))
    with tracer.start_as_current_span(
        name, attributes=_attributes(values), record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield _Recorded(made, tracer)
        except BaseException as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(Status(StatusCode.ERROR))
            raise


@contextmanager
def task_span(name: str, **values: Value | None) -> Iterator[Span]:
    """As `span`; at its end the spans of this process have left, or `FLUSH_S` have passed."""
    try:
        with span(name, **values) as made:
            yield made
    finally:
        if is_traced():
            # in a thread, since the SDK's own limit of time is not kept (opentelemetry-sdk 1.45.2, `force_flush`)
            leaving = threading.Thread(target=_provider(os.getpid()).force_flush, name="spans", daemon=True)
            leaving.start()
            leaving.join(FLUSH_S)


@cache
def _provider(process: int) -> "TracerProvider":
    """Where the spans of this process go; a process that was forked makes its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    resource = Resource.create({"service.name": os.environ.get(SERVICE) or "letapis", "process.pid": process})
    # Airflow marks its context as not sampled where its own tracing is off, and most samplers would obey that.
    made = TracerProvider(
        resource=resource, sampler=None if os.environ.get(SAMPLER) else ALWAYS_ON, shutdown_on_exit=False
    )
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


def _attributes(values: Mapping[str, Value | None]) -> dict[str, Value]:
    return {f"letapis.{name}": value for name, value in values.items() if value is not None}


def _nanoseconds(moment: datetime) -> int:
    """Since 1970, as OpenTelemetry counts; floats would lose the last digits."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
