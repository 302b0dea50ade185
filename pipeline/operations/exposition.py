"""Samples in the text form of Prometheus, for its server or as a file for the textfile collector of node_exporter.

In: `Sample`s. Out: bytes (Prometheus exposition format 0.0.4), or a file that is replaced whole, so that nobody
reads half of it. Raises ``OSError`` where the file cannot be written.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipeline.operations.samples import FAMILIES, Sample

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class _Samples(Collector):
    """The samples of one moment as families; those of one name stand together, as the format asks."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = {}
        for each in samples:
            self._by_name.setdefault(each.name, []).append(each)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family for each name, in the order of `FAMILIES`."""
        for name, meaning in FAMILIES.items():
            if name not in self._by_name:
                continue
            of_name = self._by_name[name]
            family = GaugeMetricFamily(name, meaning, labels=sorted(of_name[0].labels))
            for sample in of_name:
                family.add_metric([value for _, value in sorted(sample.labels.items())], sample.value)
            yield family


def as_text(samples: Iterable[Sample]) -> bytes:
    """The samples as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(samples))
    return generate_latest(registry)


def write_textfile(samples: Iterable[Sample], path: Path) -> None:
    """Replace the file, readable by everybody: node_exporter runs as another user."""
    content = as_text(samples)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # no *.prom until it is whole
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
