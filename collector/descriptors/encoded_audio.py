"""The audio columns of WAV files, whose header is believed only as far as their bytes go.

The standard library's ``wave`` refuses what speech services are often sent: float samples, the extensible
header, and the unknown length of a file that was streamed. Compressed formats are not decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.audio import LONGEST_SECONDS, MOST_SAMPLES, measure_audio, to_waveforms
from driftline.contracts import DERIVED_COLUMNS

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_RAW_TYPES = {
    (_PCM, 8): "<u1",
    (_PCM, 16): "<i2",
    (_PCM, 24): "<u1",  # three bytes each, widened below
    (_PCM, 32): "<i4",
    (_FLOAT, 32): "<f4",
    (_FLOAT, 64): "<f8",
}
_COLUMNS = tuple(name for name, _ in DERIVED_COLUMNS["audio"])


@dataclass(frozen=True, slots=True)
class _Header:
    encoding: int
    channels: int
    rate: int
    bits: int


def measure_encoded_audio(contents: Sequence[bytes | None]) -> dict[str, NDArray[np.float64]]:
    """All audio columns by name, one value a file; see :func:`collector.descriptors.audio.measure_audio`.

    Parameters
    ----------
    contents
        WAV files (RIFF) of PCM samples of 8, 16, 24 or 32 bits or floats of 32 or 64 bits, any number of
        channels, which are averaged. NaN where a file is missing, broken or of another format; nothing is
        raised for any bytes. A file cut short is measured as far as it goes.

    >>> silence = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000,
    ...                       2, 16, b"data", 8000) + bytes(8000)
    >>> found = measure_encoded_audio([silence, b"no file"])
    >>> found["duration_seconds"].tolist(), found["silence_share"].tolist()
    ([0.5, nan], [1.0, nan])
    """
    found = {name: np.full(len(contents), np.nan) for name in _COLUMNS}
    for row, content in enumerate(contents):
        for name, value in _measure(content).items() if content is not None else ():
            found[name][row] = value
    return found


def _measure(content: bytes) -> dict[str, float]:
    header, samples = _parts(content)
    raw_type = _RAW_TYPES.get((header.encoding, header.bits)) if header is not None else None
    if header is None or samples is None or raw_type is None or not header.channels or not header.rate:
        return {}
    instants = len(samples) // (header.channels * header.bits // 8)
    lengths = {"duration_seconds": instants / header.rate, "sample_rate_hz": float(header.rate)}
    first = min(instants, int(LONGEST_SECONDS * header.rate), max(1, MOST_SAMPLES // header.channels))
    if first == 0:
        return lengths
    raw = np.frombuffer(samples[: first * header.channels * header.bits // 8], raw_type)
    if header.bits == 24:
        wide = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        raw = wide.reshape(-1).view("<i4")
    full_scale = 1.0 if header.encoding == _FLOAT else None
    waveform = to_waveforms(raw[None], full_scale).reshape(first, header.channels).mean(axis=1)
    measured = measure_audio(waveform[None], header.rate, full_scale=1.0)
    return {name: float(values[0]) for name, values in measured.items()} | lengths


def _parts(content: bytes) -> tuple[_Header | None, memoryview | None]:
    """The format and the bytes of the samples, as far as both are there."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None, None
    header, at = None, 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"data":
            return header, memoryview(content)[at + 8 : at + 8 + size]
        if name == b"fmt " and size >= 16 and at + 24 <= len(content):
            encoding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, at + 8)
            if encoding == _EXTENSIBLE and at + 34 <= len(content):
                (encoding,) = struct.unpack_from("<H", content, at + 32)
            header = _Header(encoding, channels, rate, bits)
        at += 8 + size + size % 2  # chunks start at even places
    return header, None
