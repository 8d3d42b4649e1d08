"""An exporter as a source: fetch its text, keep fresh samples of known metrics, read them in its dialect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from collector.node.exposition import MetricSample, fresh_samples, parse_samples
from collector.node.reading import Container, Reading, Round, SourceFailed
from collector.node.scrape import Scraper
from collector.node.tally import Tally


class Dialect(Protocol):
    """The names one exporter speaks, old and new."""

    @property
    def metrics(self) -> Collection[str]:
        """Metrics that are read."""

    @property
    def may_be_silent(self) -> bool:
        """Whether it says nothing at all while nobody uses a card."""

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        """Add the samples to the tally; a sample that makes no sense is dropped and counted."""


class ExporterSource:
    """One exporter of this node.

    Parameters
    ----------
    name
        Name in rows, logs and metrics.
    scraper
        Fetches its text.
    dialect
        What its names mean.
    longest_age
        Seconds after which a sample with a time of its own is stale.
    """

    def __init__(self, name: str, scraper: Scraper, dialect: Dialect, longest_age: float) -> None:
        self._name = name
        self._scraper = scraper
        self._dialect = dialect
        self._longest_age = longest_age

    @property
    def name(self) -> str:
        return self._name

    def read(self, this: Round) -> Reading:
        text = self._scraper.fetch(this.deadline).decode("utf-8", errors="replace")
        samples, malformed = parse_samples(text, self._dialect.metrics, deadline=this.deadline)
        if not samples and not malformed and not self._dialect.may_be_silent:
            expected = next(iter(self._dialect.metrics))
            raise SourceFailed("no_metrics", f"it has none of the metrics it should, as {expected}")
        fresh, old = fresh_samples(samples, this.wall, self._longest_age)
        tally = Tally()
        self._dialect.read(fresh, tally)
        reading = tally.reading(self._name)
        return replace(reading, dropped=Counter(reading.dropped) + malformed + old)

    def close(self) -> None:
        self._scraper.close()


def first_label(labels: Mapping[str, str], *names: str) -> str:
    """The first of the labels that is there and not empty, else nothing."""
    return next((labels[name] for name in names if labels.get(name)), "")


def container_of(labels: Mapping[str, str]) -> Container | None:
    """The container that a sample's labels name, in any of the spellings in use; ``None`` without a pod.

    ``exported_*`` is what Prometheus makes of an exporter's labels that collide with its own.
    """
    pod = first_label(labels, "exported_pod", "pod", "pod_name", "podname")
    if not pod:
        return None
    namespace = first_label(labels, "exported_namespace", "namespace", "pod_namespace", "podnamespace")
    name = first_label(labels, "exported_container", "container", "container_name", "ctrname")
    return Container(namespace, pod, name)
