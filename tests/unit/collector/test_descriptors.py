"""Descriptors against values that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collector.descriptors.image import brightness, contrast, measure_images, noise, sharpness, to_grey
from collector.descriptors.prediction import measure_predictions
from collector.descriptors.tensor import measure_tensors


def test_flat_image_has_only_brightness() -> None:
    found = {name: value.tolist() for name, value in measure_images(np.full((2, 8, 8), 0.5)).items()}
    assert found == {
        "brightness": [0.5] * 2,
        "contrast": [0.0] * 2,
        "sharpness": [0.0] * 2,
        "noise": [0.0] * 2,
        "width": [8.0] * 2,
        "height": [8.0] * 2,
        "aspect": [1.0] * 2,
        "colourfulness": [0.0] * 2,
        "entropy": [0.0] * 2,
        "blank_share": [1.0] * 2,
    }


def test_single_bright_pixel() -> None:
    image = np.zeros((1, 5, 5))
    image[0, 2, 2] = 1.0
    assert brightness(image) == pytest.approx([1 / 25])
    assert contrast(image) == pytest.approx([math.sqrt(1 / 25 - 1 / 625)])
    # Interior Laplacian: -4 once, 1 four times, 0 four times; its mean is 0.
    assert sharpness(image) == pytest.approx([(16 + 4) / 9])
    # |mask| over the interior: 4 once, 2 four times, 1 four times.
    assert noise(image) == pytest.approx([math.sqrt(math.pi / 2) / (6 * 9) * 16])


@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0])
def test_noise_estimates_the_standard_deviation(sigma: float) -> None:
    generator = np.random.default_rng(5)
    plane = np.add.outer(np.linspace(0, 3, 200), np.linspace(0, 1, 200))
    estimate = noise((plane + generator.normal(0, sigma, plane.shape))[None])[0]
    assert estimate == pytest.approx(sigma, rel=0.05)


def test_blur_lowers_sharpness_and_noise() -> None:
    image = np.random.default_rng(1).random((1, 32, 32))
    blurred = (image + np.roll(image, 1, 1) + np.roll(image, 1, 2) + np.roll(image, -1, 1)) / 4
    before, after = measure_images(image), measure_images(blurred)
    assert after["sharpness"][0] < before["sharpness"][0] / 4
    assert after["noise"][0] < before["noise"][0]


def test_channel_order_does_not_matter_and_alpha_is_ignored() -> None:
    last = np.random.default_rng(2).random((3, 9, 7, 4))
    first = np.moveaxis(last, 3, 1)
    expected = last[..., :3] @ np.array([0.299, 0.587, 0.114])
    assert to_grey(last) == pytest.approx(expected)
    assert to_grey(first) == pytest.approx(expected)
    assert to_grey(last[..., :1]) == pytest.approx(last[..., 0])


@pytest.mark.parametrize("shape", [(1, 8), (1, 2, 8), (1, 8, 8, 9), (1, 1, 1, 8, 8)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape|channel"):
        to_grey(np.zeros(shape))


def test_one_bad_pixel_spoils_only_its_image() -> None:
    images = np.full((2, 4, 4), 0.25)
    images[0, 1, 1] = np.nan
    found = measure_images(images)["brightness"]
    assert math.isnan(found[0])
    assert found[1] == 0.25


def test_tensor_leaves_out_what_is_not_finite() -> None:
    found = measure_tensors(np.array([[1.0, np.nan, 3.0], [np.inf, np.nan, np.nan]]))
    assert {name: value[0] for name, value in found.items()} == pytest.approx(
        {
            "mean": 2.0,
            "std": 1.0,
            "min": 1.0,
            "max": 3.0,
            "skewness": 0.0,
            "p05": 1.1,
            "p50": 2.0,
            "p95": 2.9,
            "zero_share": 0.0,
            "nan_share": 1 / 3,
        }
    )
    assert found.pop("nan_share")[1] == 1.0
    assert all(math.isnan(value[1]) for value in found.values())


def test_uniform_scores_have_the_largest_entropy() -> None:
    found = measure_predictions(np.full((1, 4), 0.25))
    assert found.entropy == pytest.approx([math.log(4)])
    assert found.margin == pytest.approx([0.0])
    assert found.confidence == pytest.approx([0.25])


def test_certain_scores_have_none() -> None:
    found = measure_predictions(np.array([[0.0, 1.0, 0.0]]), ("a", "b", "c"))
    assert (found.classes, found.entropy.tolist(), found.margin.tolist()) == (["b"], [0.0], [1.0])


def test_logits_go_through_softmax() -> None:
    found = measure_predictions(np.array([[math.log(1.0), math.log(3.0)], [1000.0, -1000.0]]))
    assert found.confidence == pytest.approx([0.75, 1.0])
    assert found.classes == ["1", "0"]


def test_scores_that_are_not_finite_are_missing() -> None:
    found = measure_predictions(np.array([[np.nan, 1.0]]))
    assert found.classes == [None]
    assert math.isnan(found.confidence[0])
