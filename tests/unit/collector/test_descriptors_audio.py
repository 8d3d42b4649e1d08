"""Audio columns against signals whose values are known, and WAV files of every kind and none."""

from __future__ import annotations

import math
import struct
import wave
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.descriptors.audio import measure_audio, to_waveforms
from collector.descriptors.encoded_audio import measure_encoded_audio
from driftline.contracts import DERIVED_COLUMNS

NAMES = [name for name, _ in DERIVED_COLUMNS["audio"]]
RATE = 16000


def rng() -> np.random.Generator:
    return np.random.default_rng(6)


def tone(
    frequency: float, seconds: float = 1.0, amplitude: float = 0.5, rate: int = RATE
) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * frequency * (np.arange(int(seconds * rate)) + 0.5) / rate)


def speech_like(snr: float, rate: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Bursts of 100-400 ms with pauses of 50-300 ms in steady white noise of RMS 0.01, for 4 s."""
    size = 4 * rate
    gate, at = np.zeros(size), 0
    while at < size:
        on = int(generator.uniform(0.1, 0.4) * rate)
        gate[at : at + on] = 1.0
        at += on + int(generator.uniform(0.05, 0.3) * rate)
    signal = generator.normal(0.0, 1.0, size) * gate
    power = (signal[gate > 0] ** 2).mean()
    return generator.normal(0.0, 0.01, size) + signal * 0.01 * 10 ** (snr / 20) / math.sqrt(power)


def riff(
    encoding: int, bits: int, channels: int, rate: int, samples: bytes, size: int | None = None
) -> bytes:
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", encoding, channels, rate, rate * align, align, bits)
    size = len(samples) if size is None else size
    parts = [b"RIFF", struct.pack("<I", 36 + len(samples)), b"WAVEfmt ", struct.pack("<I", 16), form]
    return b"".join([*parts, b"data", struct.pack("<I", size), samples])


def values(found: dict[str, NDArray[np.float64]], row: int = 0) -> dict[str, float]:
    return {name: float(column[row]) for name, column in found.items()}


def test_the_columns_are_those_of_the_contract() -> None:
    assert sorted(measure_audio(np.zeros((1, 4)), RATE)) == sorted(NAMES)
    assert sorted(measure_encoded_audio([None])) == sorted(NAMES)


@pytest.mark.parametrize("frequency", [200.0, 440.0, 1000.0])
def test_a_tone(frequency: float) -> None:
    found = values(measure_audio(tone(frequency)[None], RATE))
    assert found["duration_seconds"] == 1.0
    assert found["sample_rate_hz"] == RATE
    assert found["rms"] == pytest.approx(0.5 / math.sqrt(2.0))
    assert found["peak"] == pytest.approx(0.5, rel=0.02)
    assert found["zero_crossing_rate"] == pytest.approx(2 * frequency / RATE, rel=0.01)
    assert found["spectral_centroid_hz"] == pytest.approx(frequency, rel=1e-6)
    assert (found["clipping_share"], found["silence_share"]) == (0.0, 0.0)


def test_white_noise_has_its_centre_at_a_quarter_of_the_rate() -> None:
    found = values(measure_audio(rng().normal(0.0, 0.1, (1, 5 * RATE)), RATE))
    assert found["spectral_centroid_hz"] == pytest.approx(RATE / 4, rel=0.01)
    assert found["zero_crossing_rate"] == pytest.approx(0.5, abs=0.01)
    assert found["rms"] == pytest.approx(0.1, rel=0.01)


def test_clipping_and_silence_are_shares() -> None:
    half = np.zeros(RATE)
    half[: RATE // 2] = np.resize([1.0, 1.0, -1.0, 0.5], RATE // 2)
    found = values(measure_audio(half[None], RATE))
    assert found["clipping_share"] == pytest.approx(3 / 8)
    assert found["silence_share"] == pytest.approx(1 / 2)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("snr", [0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0])
def test_snr_is_found_within_a_decibel(snr: float, rate: int) -> None:
    generator = np.random.default_rng([int(snr), rate])
    stack = np.stack([speech_like(snr, rate, generator) for _ in range(5)])
    assert measure_audio(stack, rate)["snr_db"] == pytest.approx([snr] * 5, abs=1.0)


def test_snr_at_its_ends() -> None:
    speech = np.concatenate([np.zeros(RATE), tone(300.0)])
    found = [
        values(measure_audio(rows[None], RATE))["snr_db"] for rows in (speech, np.zeros(RATE), tone(300.0))
    ]
    assert found[0] == 60.0
    assert math.isnan(found[1])
    assert found[2] == -10.0
    assert math.isnan(values(measure_audio(speech[None, :3000], RATE))["snr_db"])


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint8, np.uint16])
def test_integers_fill_their_type(dtype: Any) -> None:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    found = to_waveforms(np.array([[low, high]], dtype=dtype))
    assert found[0, 0] == -1.0
    assert found[0, 1] == pytest.approx(1.0, abs=0.01)


def test_floats_that_hold_16_bits_are_scaled_row_by_row() -> None:
    stack = np.stack([tone(440.0), 32768.0 * tone(440.0)])
    found = measure_audio(stack, RATE)
    assert found["rms"][0] == pytest.approx(found["rms"][1])
    assert measure_audio(stack, RATE, full_scale=1.0)["rms"][1] > 1000.0


@pytest.mark.parametrize("axis", [1, 2])
def test_channels_are_averaged(axis: int) -> None:
    left, right = tone(440.0), tone(880.0)
    stereo = np.stack([left, right], axis=axis - 1)[None]
    found, expected = measure_audio(stereo, RATE), measure_audio(((left + right) / 2)[None], RATE)
    assert values(found) == pytest.approx(values(expected))


def test_only_the_first_half_minute_is_measured() -> None:
    long = np.concatenate([tone(440.0, 30.0), np.ones(10 * RATE)])
    found = values(measure_audio(long[None], RATE))
    assert found["duration_seconds"] == 40.0
    assert found["peak"] == pytest.approx(0.5, rel=0.01)
    fine = np.zeros((1, 500_000))
    fine[0, 480_000:] = 1.0
    assert values(measure_audio(fine, 96_000))["peak"] == 0.0


@pytest.mark.parametrize("rate", [None, 0.0, -1.0, math.nan, math.inf])
def test_without_a_sample_rate_only_times_are_missing(rate: float | None) -> None:
    found = values(measure_audio(speech_like(20.0, RATE, rng())[None], rate))
    missing = {name for name, value in found.items() if math.isnan(value)}
    assert missing == {"duration_seconds", "sample_rate_hz", "spectral_centroid_hz"}
    assert found["snr_db"] == pytest.approx(20.0, abs=1.0)


def test_a_sample_that_is_not_finite_spoils_its_row_only() -> None:
    stack = np.stack([tone(440.0), tone(440.0)])
    stack[0, 5] = np.nan
    found = measure_audio(stack, RATE)
    assert math.isnan(found["rms"][0])
    assert found["duration_seconds"].tolist() == [1.0, 1.0]
    assert values(found, 1) == values(measure_audio(stack[1:], RATE))


@pytest.mark.parametrize("shape", [(3,), (1, 0), (1, 9, 9), (1, 2, 3, 4), (1, 5, 0)])
def test_what_is_no_waveform_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        measure_audio(np.zeros(shape), RATE)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_of_the_standard_library_is_read(width: int, channels: int) -> None:
    signal = speech_like(20.0, RATE, rng())
    levels = np.rint(signal * (1 << (8 * width - 1))).astype(np.int64) + (128 if width == 1 else 0)
    raw = levels.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width]
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, RATE, 0, "NONE", ""))
        writer.writeframes(np.repeat(raw, channels, axis=0).tobytes())
    found, expected = (
        values(measure_encoded_audio([file.getvalue()])),
        values(measure_audio(signal[None], RATE)),
    )
    for name in NAMES:
        assert found[name] == pytest.approx(expected[name], rel=0.15 if width == 1 else 0.01, abs=1e-9), name


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_and_the_extensible_header_are_read(bits: int) -> None:
    signal = tone(440.0)
    samples = signal.astype(f"<f{bits // 8}").tobytes()
    plain = riff(3, bits, 1, RATE, samples)
    # The extensible header: 40 bytes, the true encoding at the start of its identifier.
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, RATE * bits // 8, bits // 8, bits, 22, bits, 0)
    form += struct.pack("<H", 3) + bytes(14)
    extended = b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<I", 40) + form
    extended += (
        b"LIST" + struct.pack("<I", 3) + b"abc\x00" + b"data" + struct.pack("<I", len(samples)) + samples
    )
    expected = values(measure_audio(signal[None], RATE))
    for file in (plain, extended):
        assert values(measure_encoded_audio([file])) == pytest.approx(expected, rel=1e-4)


def test_a_stream_of_unknown_length_and_a_cut_file_are_measured_as_far_as_they_go() -> None:
    samples = (tone(440.0) * 32767).astype("<i2").tobytes()
    streamed, cut = riff(1, 16, 1, RATE, samples, size=0xFFFFFFFF), riff(1, 16, 1, RATE, samples)[: -RATE - 1]
    found = measure_encoded_audio([streamed, cut])
    assert found["duration_seconds"] == pytest.approx([1.0, 0.5], abs=1e-3)
    assert found["rms"] == pytest.approx([0.354, 0.354], rel=0.01)


def test_files_that_cannot_be_read_are_missing() -> None:
    good = riff(1, 16, 1, RATE, bytes(100))
    bad = [None, b"", good[:30], riff(7, 8, 1, RATE, bytes(9)), riff(1, 12, 1, RATE, bytes(9))]
    bad += [riff(1, 16, 0, RATE, bytes(9)), riff(1, 16, 1, 0, bytes(9)), good.replace(b"fmt ", b"fmx ")]
    found = measure_encoded_audio([*bad, good])
    assert np.isfinite(found["rms"]).tolist() == [False] * 8 + [True]
    assert np.isfinite(found["duration_seconds"]).tolist() == [False] * 8 + [True]
    empty = values(measure_encoded_audio([riff(1, 16, 1, RATE, b"")]))
    assert empty["duration_seconds"] == 0.0
    assert math.isnan(empty["peak"])


def test_hours_of_audio_cost_no_more_than_half_a_minute() -> None:
    found = values(measure_encoded_audio([riff(1, 8, 1, 8000, bytes([128]) * 30_000_000)]))
    assert found["duration_seconds"] == 3750.0
    assert found["silence_share"] == 1.0
