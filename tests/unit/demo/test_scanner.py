"""A worn scanner blurs, flattens and adds noise; every capture is repeatable under a seed."""

from __future__ import annotations

import numpy as np
import pytest

from collector.descriptors.image import measure_images
from demo.digits import load_pools
from demo.scanner import HEALTHY, WORN, Scanner


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_same_seed_gives_the_same_capture_and_leaves_the_page_alone() -> None:
    pages = load_pools().morning.images
    before = pages.copy()
    assert np.array_equal(WORN.capture(pages, rng()), WORN.capture(pages, rng()))
    assert np.array_equal(pages, before)


@pytest.mark.parametrize("scanner", [HEALTHY, WORN])
def test_captures_are_grey_levels_and_never_twice_the_same(scanner: Scanner) -> None:
    pages = np.repeat(load_pools().morning.images[:1], 2, axis=0)
    captures = scanner.capture(pages, rng())
    assert captures.min() >= 0.0
    assert captures.max() <= 1.0
    assert not np.array_equal(captures[0], captures[1])


def test_a_perfect_scanner_changes_nothing() -> None:
    pages = load_pools().morning.images
    assert np.allclose(Scanner(exposure=0.0, noise=0.0).capture(pages, rng()), pages)


def test_blur_alone_lowers_sharpness_and_keeps_a_plain_page() -> None:
    blurry = Scanner(exposure=0.0, blur=0.8, noise=0.0)
    pages = load_pools().morning.images
    sharp = measure_images(pages)["sharpness"].mean()
    assert measure_images(blurry.capture(pages, rng()))["sharpness"].mean() < 0.5 * sharp
    plain = np.full((1, 8, 8), 0.3)
    assert np.allclose(blurry.capture(plain, rng()), plain)


def test_contrast_alone_shrinks_distances_from_mid_grey() -> None:
    pages = load_pools().morning.images
    flat = Scanner(exposure=0.0, contrast=0.5, noise=0.0).capture(pages, rng())
    assert np.allclose(flat - 0.5, 0.5 * (pages - 0.5))


def test_noise_alone_has_the_stated_deviation() -> None:
    plain = np.full((200, 8, 8), 0.5)
    noisy = Scanner(exposure=0.0, noise=0.06).capture(plain, rng())
    assert abs(noisy.std() - 0.06) < 0.003


def test_the_worn_scanner_moves_the_measures_of_quality_by_more_than_a_tenth_of_their_spread() -> None:
    pages = load_pools().morning.images
    healthy, worn = (measure_images(scanner.capture(pages, rng())) for scanner in (HEALTHY, WORN))
    for name in ("brightness", "contrast", "sharpness", "noise", "entropy"):
        assert abs(worn[name].mean() - healthy[name].mean()) > 0.1 * healthy[name].std(), name
    for name in ("width", "height", "aspect", "colourfulness"):
        assert np.array_equal(worn[name], healthy[name]), name
