"""Text of an exporter to samples: only the wanted metrics, a bad line never spoils the others."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite

from prometheus_client.parser import text_string_to_metric_families

from collector.node.reading import SourceFailed

LONGEST_LINE = 4096
"""The parser's time grows with the square of a line's length."""
MOST_SAMPLES = 20_000
_CHECK_TIME_EVERY = 64

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One sample: name, labels, value, and the exporter's own time (epoch seconds) where it tells one."""

    name: str
    labels: dict[str, str]
    value: float
    timestamp: float | None = None


def parse_samples(
    text: str, wanted: Collection[str], *, deadline: float
) -> tuple[list[MetricSample], Counter[str]]:
    """Samples of the wanted metrics, and how many lines were left out, by reason.

    Parameters
    ----------
    text
        Prometheus text format 0.0.4; comments are not needed and not read.
    wanted
        Metric names.
    deadline
        ``time.monotonic`` value.

    Raises
    ------
    SourceFailed
        The deadline passed, or there are too many samples to be one node's.

    >>> found, dropped = parse_samples('up{job="a"} 1\\nup{job="a} 1\\ndown 2', {"up"}, deadline=1e18)
    >>> [(sample.labels, sample.value) for sample in found], dict(dropped)
    ([({'job': 'a'}, 1.0)], {'malformed': 1})
    """
    samples: list[MetricSample] = []
    dropped: Counter[str] = Counter()
    parsed = 0
    for line in text.split("\n"):
        name = _NAME.match(line)
        if name is None or name[0] not in wanted:
            continue
        if len(line) > LONGEST_LINE:
            dropped["long_line"] += 1
            continue
        parsed += 1
        if parsed > MOST_SAMPLES:
            raise SourceFailed("too_large", f"more than {MOST_SAMPLES} samples")
        if parsed % _CHECK_TIME_EVERY == 0 and time.monotonic() > deadline:
            raise SourceFailed("timeout", "its text takes too long to parse")
        sample = _parse(line)
        if sample is None or sample.name != name[0]:
            dropped["malformed"] += 1
        else:
            samples.append(sample)
    return samples, dropped


def fresh_samples(
    samples: list[MetricSample], now: float, longest_age: float
) -> tuple[list[MetricSample], Counter[str]]:
    """Samples without a time of their own, or with one that is at most ``longest_age`` seconds off.

    A time in the future is as wrong as one long past: a clock was set.
    """
    fresh = []
    dropped: Counter[str] = Counter()
    for sample in samples:
        if sample.timestamp is not None and now - sample.timestamp > longest_age:
            dropped["stale"] += 1
        elif sample.timestamp is not None and sample.timestamp - now > longest_age:
            dropped["future"] += 1
        else:
            fresh.append(sample)
    return fresh, dropped


def _parse(line: str) -> MetricSample | None:
    try:
        families = list(text_string_to_metric_families(line))
        sample = families[0].samples[0]
        value = float(sample.value)
        timestamp = None if sample.timestamp is None else float(sample.timestamp)
    except (ValueError, IndexError, OverflowError):
        # What the parser raises for text it cannot read; an integer may be too large for a float.
        return None
    if timestamp is not None and not isfinite(timestamp):
        return None
    return MetricSample(sample.name, dict(sample.labels), value, timestamp)
