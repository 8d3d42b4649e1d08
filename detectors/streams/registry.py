"""The online detectors by name: a new one is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from detectors.streams.adwin import Adwin
from detectors.streams.ddm import Ddm
from detectors.streams.detector import StreamDetector
from detectors.streams.kswin import Kswin
from detectors.streams.page_hinkley import PageHinkley

STREAM_DETECTORS: Mapping[str, Callable[[int], StreamDetector]] = {
    "adwin": Adwin,
    "page-hinkley": PageHinkley,
    "ddm": Ddm,
    "kswin": Kswin,
}
"""From the average run length to a detector."""
