"""Image columns: scales, sizes, colour, blank tiles, and files that are broken or hostile."""

from __future__ import annotations

import math
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from collector.descriptors.encoded_image import measure_encoded_images
from collector.descriptors.image import blank_share, entropy, measure_images, to_levels, to_planes
from driftline.contracts import DERIVED_COLUMNS

NAMES = [name for name, _ in DERIVED_COLUMNS["image"]]


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def encoded(pixels: NDArray[np.uint8] | NDArray[np.uint16], form: str = "PNG") -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that claims any size, all pixels one level."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")


def test_the_columns_are_those_of_the_contract() -> None:
    assert sorted(measure_images(np.zeros((1, 4, 4)))) == sorted(NAMES)
    assert sorted(measure_encoded_images([None])) == sorted(NAMES)


def test_sizes_are_width_by_height() -> None:
    found = measure_images(np.zeros((2, 3, 6)))
    assert [found[name].tolist() for name in ("width", "height", "aspect")] == [
        [6.0] * 2,
        [3.0] * 2,
        [2.0] * 2,
    ]


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (2.0, -1.0), (255.0, 0.0)])
def test_what_needs_a_scale_finds_the_usual_ones(scale: float, shift: float) -> None:
    picture = rng().random((1, 16, 16, 3))
    picture[0, 0, 0], picture[0, 0, 1] = 0.0, 1.0
    expected = measure_images(picture * 255.0, white=255.0)
    found = measure_images(picture * scale + shift)
    for name in ("colourfulness", "entropy", "blank_share"):
        assert found[name] == pytest.approx(expected[name]), name


def test_an_unknown_scale_is_missing_and_does_not_touch_its_neighbours() -> None:
    standardised = rng().normal(0.0, 1.0, (8, 8)) * 2.0
    stack = np.stack([standardised, np.full((8, 8), 0.5), np.full((8, 8), 12.0)])
    found = measure_images(stack)
    for name in ("colourfulness", "entropy", "blank_share"):
        assert np.isnan(found[name]).tolist() == [True, False, True], name
    assert np.isfinite(found["brightness"]).all()
    assert measure_images(stack, white=255.0)["entropy"][2] == 0.0


def test_levels_of_a_known_white() -> None:
    assert to_levels(np.full((1, 1, 3, 3), 65535.0), white=65535.0).max() == 255.0


def test_colourfulness_of_known_colours() -> None:
    red, grey = np.zeros((1, 4, 4, 3)), np.full((1, 4, 4, 3), 0.5)
    red[..., 0] = 1.0
    assert measure_images(red)["colourfulness"] == pytest.approx([0.3 * math.hypot(255.0, 127.5)])
    assert measure_images(grey)["colourfulness"] == pytest.approx([0.0])
    # Half red, half green: rg = ±255 with mean 0, yb = 127.5 everywhere.
    halves = red.copy()
    halves[0, :2] = [0.0, 1.0, 0.0]
    assert measure_images(halves)["colourfulness"] == pytest.approx([255.0 + 0.3 * 127.5])


def test_entropy_counts_levels_in_bits() -> None:
    every_level = np.arange(256.0).reshape(1, 16, 16)
    assert entropy(every_level) == pytest.approx([8.0])
    assert measure_images(np.arange(16.0).reshape(1, 4, 4) / 15.0)["entropy"] == pytest.approx([4.0])


def test_blank_share_counts_tiles_at_any_size() -> None:
    page = np.full((1, 103, 67), 255.0)
    assert blank_share(page).tolist() == [1.0]
    page[0, ::2] = 0.0
    assert blank_share(page).tolist() == [0.0]
    page[0, :51] = 255.0  # 103 rows are cut at 0, 12, 25, 38, 51...
    assert blank_share(page).tolist() == [0.5]
    noisy = 128.0 + rng().normal(0.0, 3.0, (1, 64, 64))
    assert blank_share(noisy).tolist() == [1.0]


def test_a_stack_is_measured_as_its_images_one_by_one() -> None:
    stack = rng().random((9, 120, 100, 3))
    together = measure_images(stack)
    for row in range(len(stack)):
        alone = measure_images(stack[row : row + 1])
        for name in NAMES:
            assert together[name][row] == alone[name][0], name


def test_integers_are_measured_like_floats() -> None:
    levels = rng().integers(0, 256, (2, 8, 8), dtype=np.uint8)
    for name, values in measure_images(levels).items():
        assert np.array_equal(values, measure_images(levels.astype(np.float64))[name]), name


def test_planes_of_no_rows_are_empty() -> None:
    assert to_planes(np.zeros((0, 3, 8, 8))).shape == (3, 0, 8, 8)
    assert {
        name: len(values) for name, values in measure_images(np.zeros((0, 8, 8))).items()
    } == dict.fromkeys(NAMES, 0)


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "TIFF", "WEBP", "JPEG"])
def test_a_file_is_measured_like_its_pixels(form: str) -> None:
    coarse = np.kron(rng().integers(0, 256, (6, 8)), np.ones((8, 8))).astype(np.uint8)
    found = measure_encoded_images([encoded(coarse, form)])
    expected = measure_images(coarse[None], white=255.0)
    lossy = form in ("JPEG", "WEBP")
    for name in ("brightness", "contrast", "sharpness", "width", "height", "aspect", "blank_share"):
        assert found[name] == pytest.approx(expected[name], rel=0.1 if lossy else 1e-9), name


def test_a_large_picture_keeps_its_size_and_is_measured_reduced() -> None:
    large = np.kron(rng().integers(0, 256, (30, 40)), np.ones((50, 50))).astype(np.uint8)
    found = measure_encoded_images([encoded(large), encoded(large, "JPEG")])
    assert found["width"].tolist() == [2000.0] * 2
    assert found["height"].tolist() == [1500.0] * 2
    assert found["brightness"] == pytest.approx([large.mean()] * 2, rel=0.01)
    # Averaged over 4 x 4, edges are as sharp as before, but there are as many of them on fewer pixels.
    assert (found["sharpness"] > measure_images(large[None])["sharpness"]).all()


def test_sixteen_bits_are_scaled_to_white() -> None:
    wide = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = measure_encoded_images([encoded(wide)])
    assert found["brightness"] == pytest.approx([127.5], abs=0.1)
    assert found["entropy"] == pytest.approx([8.0], abs=0.01)


def test_alpha_and_palettes_are_no_obstacle() -> None:
    rgba = np.zeros((8, 8, 4), dtype=np.uint8)
    rgba[..., 0] = 255
    file = BytesIO()
    Image.fromarray(rgba[..., :3]).convert("P").save(file, "PNG")
    red = 0.3 * math.hypot(255.0, 127.5)
    found = measure_encoded_images([encoded(rgba), file.getvalue()])
    assert found["colourfulness"] == pytest.approx([red, red], rel=0.02)


def test_a_bomb_gives_its_size_and_costs_nothing() -> None:
    files = [bomb(5000, 4000), bomb(20_000, 20_000), bomb(2**31 - 1, 2**31 - 1)]
    found = measure_encoded_images(files)
    assert found["width"][0] == 5000.0
    assert np.isnan(found["width"][1:]).all()  # Pillow refuses the header
    assert np.isnan(found["brightness"]).all()


def test_the_limit_on_pixels_is_the_callers() -> None:
    file = encoded(np.zeros((40, 50), dtype=np.uint8))
    at, below = (measure_encoded_images([file], largest_pixels=limit) for limit in (2000, 1999))
    assert at["brightness"].tolist() == [0.0]
    assert np.isnan(below["brightness"]).all()
    assert below["width"].tolist() == [50.0]


def test_broken_files_are_missing_and_the_others_are_not() -> None:
    good = encoded(rng().integers(0, 256, (64, 64), dtype=np.uint8))
    tiny = encoded(np.zeros((2, 2), dtype=np.uint8))
    found = measure_encoded_images([None, b"", good[:60], good[: len(good) // 2], good[::-1], tiny, good])
    assert np.isfinite(found["brightness"]).tolist() == [False] * 6 + [True]
    assert found["width"].tolist()[2:4] == [64.0, 64.0]
    assert found["width"].tolist()[5] == 2.0
