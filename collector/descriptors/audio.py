"""Nine numbers that change when a microphone, line, codec or room changes.

Amplitudes are relative to full scale: 1 is the largest value that the format can hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_SECONDS = 30.0
MOST_SAMPLES = 480_000
FRAME_SECONDS = 0.025
FRAME_SAMPLES = 400
"""Length of a frame where the sample rate is not known: 25 ms at 16 kHz."""

CLIPPED = 0.999
SILENT = 1e-3
NOISE_PERCENTILE = 10.0
ABOVE_NOISE = 1.5
LOWEST_SNR, HIGHEST_SNR = -10.0, 60.0

LOUDEST_FLOAT = 8.0
SIXTEEN_BITS = 32768.0
MOST_CHANNELS = 8


def to_waveforms(samples: NDArray[Any], full_scale: float | None = None) -> NDArray[np.float64]:
    """Mono waveforms relative to full scale.

    Parameters
    ----------
    samples
        ``(n, t)``, or ``(n, t, c)`` or ``(n, c, t)`` with up to 8 channels, which are averaged; channels
        are the shorter of the two axes.
    full_scale
        Value of full scale where the caller knows it. Otherwise integers are taken for the whole range of
        their type (unsigned ones around its middle), and floats, each row alone, for -1..1 or, if one is
        beyond ±8, for 16-bit values.

    Raises
    ------
    ValueError
        Another number of axes or of channels, or no sample a row.

    >>> to_waveforms(np.array([[-32768, 16384]], dtype=np.int16)).tolist()
    [[-1.0, 0.5]]
    """
    axis = _time_axis(samples.shape)
    waveforms = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        middle = float(1 << (8 * samples.dtype.itemsize - 1))
        waveforms = (waveforms - middle) / (full_scale or middle)
    elif samples.dtype.kind == "i":
        waveforms /= full_scale or float(1 << (8 * samples.dtype.itemsize - 1))
    elif full_scale is not None:
        waveforms /= full_scale
    else:
        loud = np.abs(waveforms).max(axis=tuple(range(1, waveforms.ndim))) > LOUDEST_FLOAT
        waveforms[loud] /= SIXTEEN_BITS
    return waveforms if waveforms.ndim == 2 else np.asarray(waveforms.mean(axis=3 - axis))


def _time_axis(shape: tuple[int, ...]) -> int:
    """Axis of the samples; :func:`to_waveforms` says which shapes raise ``ValueError``."""
    if len(shape) not in (2, 3) or 0 in shape[1:]:
        raise ValueError(f"shape {shape[1:]} is no waveform of samples or samples and channels")
    if len(shape) == 3 and min(shape[1:]) > MOST_CHANNELS:
        raise ValueError(f"shape {shape[1:]} has more than {MOST_CHANNELS} channels")
    return 2 if len(shape) == 3 and shape[1] < shape[2] else 1


def rms(waveforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square of each waveform, 0..1 of full scale.

    >>> rms(np.array([[0.6, -0.8]])).round(6)
    array([0.707107])
    """
    return np.asarray(np.sqrt((waveforms * waveforms).mean(axis=1)))


def zero_crossing_rate(waveforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the steps between neighbouring samples that change sign (0 counts as positive), 0..1.

    Kedem, "Spectral analysis and discrimination by zero-crossings" (1986): a sine of frequency f crosses
    at ``2 f / sample rate``. NaN for a single sample.

    >>> zero_crossing_rate(np.array([[1.0, -1.0, 1.0, 1.0, 1.0]]))
    array([0.5])
    """
    if waveforms.shape[1] < 2:
        return np.full(len(waveforms), np.nan)
    negative = np.signbit(waveforms) & (waveforms != 0.0)
    return np.asarray((negative[:, 1:] != negative[:, :-1]).mean(axis=1))


def spectral_centroid(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre of mass of the mean amplitude spectrum, in cycles per sample, 0..0.5.

    ``sum f A(f) / sum A(f)`` (Peeters, "A large set of audio features", 2004, section 6.1.1), with ``A``
    the mean over the frames of the magnitude of their Fourier transform under a Hann window. NaN for
    silence.

    Parameters
    ----------
    frames
        ``(n, frames, samples)``.

    >>> tone = np.sin(2 * np.pi * 0.125 * np.arange(160)).reshape(1, 2, 80)
    >>> spectral_centroid(tone).round(9)
    array([0.125])
    """
    length = frames.shape[2]
    window = np.hanning(length + 1)[:length] if length > 1 else np.ones(1)
    amplitude = np.abs(np.fft.rfft(frames * window, axis=2)).mean(axis=1)
    frequency = np.fft.rfftfreq(length)
    total = amplitude.sum(axis=1)
    # No matrix product: its rounding would depend on the other rows.
    moment = (amplitude * frequency).sum(axis=1)
    centre = np.divide(moment, total, where=total > 0.0, out=np.full(len(total), np.nan))
    return np.asarray(centre)


def snr_db(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimated signal-to-noise ratio in decibels, cut off at -10 and 60.

    The noise floor is the 10th percentile of the powers of the frames; the signal is what the frames more
    than 1.5 times as strong have on average above it: ``10 log10((mean active - floor) / floor)``. A
    simplification of NIST's STNR, which fits the two modes of the histogram of frame powers. It needs
    steady noise and a signal that pauses for at least a tenth of the time (speech does); without pauses
    the floor is signal and the estimate too low. No active frame gives -10; digital silence gives NaN,
    and a signal between digital silence 60. In white noise it was within 0.5 dB
    between 0 and 50 dB at 8 to 48 kHz; below 0 dB the bursts are not found and it is too high.

    Parameters
    ----------
    frames
        ``(n, frames, samples)``; NaN for fewer than 10 frames.

    >>> burst = np.where(np.arange(20) < 10, 0.1, np.sqrt(0.11))[:, None] * np.resize([1.0, -1.0], 400)
    >>> snr_db(burst[None]).round(6)  # powers 0.01 and 0.11
    array([10.])
    """
    if frames.shape[1] < 10:
        return np.full(len(frames), np.nan)
    powers = (frames * frames).mean(axis=2)
    floor = np.percentile(powers, NOISE_PERCENTILE, axis=1)
    active = powers > ABOVE_NOISE * floor[:, None]
    level = np.where(active, powers, 0.0).sum(axis=1) / np.maximum(active.sum(axis=1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 10.0 * np.log10((level - floor) / floor)
    found = np.where(active.any(axis=1), found, LOWEST_SNR)
    return np.where(powers.any(axis=1), np.clip(found, LOWEST_SNR, HIGHEST_SNR), np.nan)


def measure_audio(
    waveforms: NDArray[Any], sample_rate: float | None, full_scale: float | None = None
) -> dict[str, NDArray[np.float64]]:
    """All audio columns by name, one value a waveform.

    Everything but the duration looks at the first 30 s, and at most 480,000 samples, only. Frames are 25
    ms without overlap, what is left at the end being dropped; a waveform below 25 ms is one frame.

    Parameters
    ----------
    waveforms, full_scale
        Shapes, scale and errors as in :func:`to_waveforms`. Zeros that pad a stack count as silence.
    sample_rate
        Samples a second; ``None`` where it is not known (or not a positive number), which leaves durations
        and frequencies missing and makes frames of 400 samples.

    Returns
    -------
    dict
        Each of shape ``(n,)``; NaN where a sample is not finite, but for the first two:

        - ``duration_seconds`` and ``sample_rate_hz``;
        - ``rms`` and ``peak`` (largest absolute value), 0..1 of full scale;
        - ``clipping_share``: share of the samples at or above 0.999 of full scale, 0..1;
        - ``silence_share``: share of the frames with an RMS below 0.001 (-60 dB) of full scale, 0..1;
        - ``zero_crossing_rate``, ``spectral_centroid_hz`` (times the sample rate) and ``snr_db``: see the
          functions.

    >>> tone = 0.5 * np.sin(2 * np.pi * 440 * (np.arange(16000) + 0.5) / 16000)
    >>> found = measure_audio(tone[None], sample_rate=16000)
    >>> {name: round(float(value[0]), 3) for name, value in found.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'duration_seconds': 1.0, 'sample_rate_hz': 16000.0, 'rms': 0.354, 'peak': 0.5, 'clipping_share': 0.0,
     'silence_share': 0.0, 'zero_crossing_rate': 0.055, 'spectral_centroid_hz': 440.0, 'snr_db': -10.0}
    """
    known = sample_rate is not None and 0.0 < sample_rate < np.inf
    rate = float(sample_rate) if known and sample_rate is not None else np.nan
    rows, time = len(waveforms), _time_axis(waveforms.shape)
    total = waveforms.shape[time]
    limit = int(max(1.0, min(LONGEST_SECONDS * rate, MOST_SAMPLES))) if known else MOST_SAMPLES
    first = waveforms[:, :limit] if time == 1 else waveforms[:, :, :limit]
    frame = int(max(1.0, min(FRAME_SECONDS * rate, MOST_SAMPLES))) if known else FRAME_SAMPLES
    step = max(1, MOST_SAMPLES // min(total, limit))
    parts = [
        _measure(to_waveforms(first[at : at + step], full_scale), frame)
        for at in range(0, max(rows, 1), step)
    ]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    found["spectral_centroid_hz"] *= rate
    return {
        "duration_seconds": np.full(rows, total / rate),
        "sample_rate_hz": np.full(rows, rate),
        **found,
    }


def _measure(waveforms: NDArray[np.float64], frame: int) -> dict[str, NDArray[np.float64]]:
    finite = np.asarray(np.isfinite(waveforms).all(axis=1))
    safe = np.where(finite[:, None], waveforms, 0.0)
    frame = min(frame, safe.shape[1])
    count = safe.shape[1] // frame
    frames = safe[:, : count * frame].reshape(len(safe), count, frame)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(safe)
        found = {
            "rms": rms(safe),
            "peak": size.max(axis=1),
            "clipping_share": (size >= CLIPPED).mean(axis=1),
            "silence_share": ((frames * frames).mean(axis=2) < SILENT**2).mean(axis=1),
            "zero_crossing_rate": zero_crossing_rate(safe),
            "spectral_centroid_hz": spectral_centroid(frames),
            "snr_db": snr_db(frames),
        }
    for values in found.values():
        values[~(finite & np.isfinite(values))] = np.nan
    return found
