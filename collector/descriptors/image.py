"""Ten numbers that change when a camera, scanner or preprocessing step changes or degrades.

Brightness, contrast and noise are in the grey levels that the tensor carries, sharpness in their square.
Colour images are reduced to luma (ITU-R BT.601) first. What needs an absolute scale (colourfulness,
entropy, blank share) is measured in levels 0..255; :func:`to_levels` says how the scale is found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114])
_CHANNELS = frozenset({1, 2, 3, 4})

WHITE = 255.0
BLACK_LEVEL = 16.0
"""Black of studio video (ITU-R BT.601); a float image that never exceeds it is not taken for 0..255."""

TILES = 8
SMALLEST_TILE = 4
BLANK_CONTRAST = 5.0

ELEMENTS_AT_ONCE = 1 << 18
"""2 MiB of float64: what is measured at once stays near the processor's cache."""


def to_planes(images: NDArray[Any]) -> NDArray[np.float64]:
    """Colour planes of a stack of images, without alpha.

    Parameters
    ----------
    images
        ``(n, h, w)``, ``(n, h, w, c)`` or ``(n, c, h, w)`` with 1 to 4 channels: grey, grey + alpha, RGB
        or RGB + alpha; channels last is assumed when both ends could be channels.

    Returns
    -------
    ndarray of shape (1 or 3, n, h, w)

    Raises
    ------
    ValueError
        Another number of axes or of channels, or a side below 3 pixels.
    """
    planes = np.asarray(images, dtype=np.float64)
    if planes.ndim == 4:
        if planes.shape[3] in _CHANNELS:
            planes = np.moveaxis(planes, 3, 0)
        elif planes.shape[1] in _CHANNELS:
            planes = np.moveaxis(planes, 1, 0)
        else:
            raise ValueError(f"no axis of {planes.shape[1:]} is a channel axis of 1 to 4")
        planes = planes[: 3 if len(planes) >= 3 else 1]
    elif planes.ndim == 3:
        planes = planes[None]
    if planes.ndim != 4 or min(planes.shape[2:]) < 3:
        raise ValueError(f"shape {images.shape[1:]} is not an image of at least 3 x 3 pixels")
    return planes


def to_grey(images: NDArray[Any]) -> NDArray[np.float64]:
    """Reduce a stack of images to grey levels of shape ``(n, h, w)``; see :func:`to_planes`."""
    return _grey(to_planes(images))


def _grey(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.tensordot(_LUMA, planes, axes=1)) if len(planes) == 3 else planes[0]


def brightness(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean grey level of each image of an ``(n, h, w)`` stack.

    >>> brightness(np.full((1, 4, 4), 0.25))
    array([0.25])
    """
    return np.asarray(grey.mean(axis=(1, 2)))


def contrast(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the grey levels (root-mean-square contrast), in grey levels.

    >>> contrast(np.array([[[0.0, 1.0], [1.0, 0.0]]]))
    array([0.5])
    """
    return np.asarray(grey.std(axis=(1, 2)))


def sharpness(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of the 4-neighbour Laplacian over interior pixels, in squared grey levels.

    The usual focus measure (Pertuz, Puig and Garcia, "Analysis of focus measure operators for
    shape-from-focus", 2013, LAP4): blur removes high frequencies and so lowers it. 0 for a plane.

    >>> ramp = np.add.outer(np.arange(5.0), 2 * np.arange(5.0))[None]
    >>> sharpness(ramp)
    array([0.])
    """
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4.0 * inner
    return np.asarray(laplacian.var(axis=(1, 2)))


def noise(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimated standard deviation of additive Gaussian noise, in grey levels.

    Immerkaer, "Fast noise variance estimation" (1996), eq. 5: the image is convolved with the difference
    of two Laplacians, ``[[1,-2,1],[-2,4,-2],[1,-2,1]]``, which is blind to planes and to straight edges
    along the axes, and ``sigma = sqrt(pi/2) / (6 (w-2) (h-2)) * sum |convolution|``. Fine texture counts
    as noise, so it is the change of the value that tells, not its level.

    >>> noise(np.tile(np.arange(6.0) ** 2, (1, 6, 1)))
    array([0.])
    """
    rows = grey[:, :, :-2] - 2.0 * grey[:, :, 1:-1] + grey[:, :, 2:]
    mask = rows[:, :-2] - 2.0 * rows[:, 1:-1] + rows[:, 2:]
    return np.asarray(np.sqrt(np.pi / 2.0) / 6.0 * np.abs(mask).mean(axis=(1, 2)))


def to_levels(planes: NDArray[np.float64], white: float | None = None) -> NDArray[np.float64]:
    """Colour planes in levels 0 (black) to 255 (white).

    Without ``white`` the scale is found for each image alone, so that no image changes the values of
    another: all values in [0, 1] are taken for 0..1, in [-1, 1] for -1..1, and in [0, 255] for 0..255 if
    one is above 16. Anything else (standardised pixels, 16 bits) has no known black and white: NaN. An
    integer image that is nearly black, with no level above 1, passes for 0..1 unless ``white`` is given.

    Parameters
    ----------
    planes
        ``(c, n, h, w)``, finite.
    white
        The value of white where the caller knows it, as 255 for an unsigned 8-bit tensor; black is 0.

    >>> to_levels(np.array([[[[0.0, 1.0]], [[-1.0, 1.0]], [[0.0, 51.0]], [[-2.0, 2.0]]]]))[0, :, 0].tolist()
    [[0.0, 255.0], [0.0, 255.0], [0.0, 51.0], [nan, nan]]
    """
    if white is not None:
        return np.asarray(planes * (WHITE / white))
    low, high = planes.min(axis=(0, 2, 3)), planes.max(axis=(0, 2, 3))
    cases = [(low >= 0.0) & (high <= 1.0), (low >= -1.0) & (high <= 1.0)]
    cases.append((low >= 0.0) & (high > BLACK_LEVEL) & (high <= WHITE))
    factor = np.select(cases, [WHITE, WHITE / 2.0, 1.0], default=np.nan)
    shift = np.select(cases, [0.0, WHITE / 2.0, 0.0], default=np.nan)
    return np.asarray(planes * factor[:, None, None] + shift[:, None, None])


def colourfulness(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """How colourful people find an image: 0 for grey, about 33 for moderate, 109 for extreme colour.

    Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003), metric M3: with
    ``rg = R - G`` and ``yb = (R + G) / 2 - B``, ``sqrt(var rg + var yb) + 0.3 sqrt(mean² rg + mean² yb)``.

    Parameters
    ----------
    levels
        ``(c, n, h, w)`` in levels 0..255; a single plane is grey.

    >>> colourfulness(np.array([255.0, 0.0, 0.0]).reshape(3, 1, 1, 1))  # 0.3 * 255 * sqrt(1.25)
    array([85.52960014])
    """
    if len(levels) < 3:
        return np.where(np.isnan(levels[0]).any(axis=(1, 2)), np.nan, 0.0)
    red, green, blue = levels
    red_green, yellow_blue = red - green, (red + green) / 2.0 - blue
    axes = (1, 2)
    spread = np.sqrt(red_green.var(axis=axes) + yellow_blue.var(axis=axes))
    return np.asarray(spread + 0.3 * np.hypot(red_green.mean(axis=axes), yellow_blue.mean(axis=axes)))


def entropy(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shannon entropy of the histogram of grey levels in bits, 0 (one level) to 8 (all 256 alike).

    Levels are rounded to the nearest of 0..255. At most log2 of the number of pixels: compare images of
    one size.

    Parameters
    ----------
    levels
        ``(n, h, w)`` grey in levels 0..255; NaN gives NaN.

    >>> entropy(np.array([[[0.0, 0.0], [255.0, 255.0]], [[9.0, 9.0], [9.0, 9.0]]]))
    array([1., 0.])
    """
    known = ~np.isnan(levels).any(axis=(1, 2))
    pixels = levels.shape[1] * levels.shape[2]
    rounded = np.clip(np.rint(levels[known]), 0.0, WHITE).astype(np.int64).reshape(-1, pixels)
    bins = int(WHITE) + 1
    rounded += (np.arange(len(rounded)) * bins)[:, None]
    counts = np.bincount(rounded.ravel(), minlength=len(rounded) * bins).reshape(-1, bins)
    image, level = np.nonzero(counts)
    filled = counts[image, level]
    sums = np.bincount(image, weights=filled * np.log2(filled), minlength=len(counts))
    found = np.full(len(levels), np.nan)
    found[known] = np.maximum(0.0, np.log2(pixels) - sums / pixels)
    return found


def blank_share(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of tiles with nearly no contrast, 0..1: 1 for an empty page or a covered lens.

    Each side is cut into 8 parts as equal as can be, fewer where a part would be below 4 pixels; a tile
    is blank if the standard deviation of its levels is below 5 of 255, which sensor noise and JPEG
    artefacts do not reach. Our definition; there is no standard one.

    Parameters
    ----------
    levels
        ``(n, h, w)`` grey in levels 0..255; NaN gives NaN.

    >>> page = np.full((1, 8, 8), 255.0)
    >>> page[0, :4, :4] = 255.0 * np.eye(4)
    >>> blank_share(page)
    array([0.75])
    """
    down, across = (_tile_starts(side) for side in levels.shape[1:])

    def per_tile(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(np.add.reduceat(values, down, axis=1), across, axis=2))

    sizes = np.outer(np.diff([*down, levels.shape[1]]), np.diff([*across, levels.shape[2]]))
    # Around the image's mean, so that the difference of squares keeps its digits.
    centred = levels - levels.mean(axis=(1, 2), keepdims=True)
    variance = per_tile(centred**2) / sizes - (per_tile(centred) / sizes) ** 2
    share = (variance < BLANK_CONTRAST**2).mean(axis=(1, 2))
    return np.where(np.isnan(variance).any(axis=(1, 2)), np.nan, share)


def _tile_starts(side: int) -> NDArray[np.int64]:
    tiles = min(TILES, max(1, side // SMALLEST_TILE))
    return np.arange(tiles) * side // tiles


def measure_images(images: NDArray[Any], white: float | None = None) -> dict[str, NDArray[np.float64]]:
    """All image columns by name, one value an image.

    ``width`` and ``height`` are in pixels, ``aspect`` is width / height; the others are defined by the
    function of their name. An image with a value that is not finite gives NaN in every column but these
    three, as does a measure that overflows.

    Parameters
    ----------
    images
        Shapes and errors as in :func:`to_planes`. Measured a few at a time, so that the memory used does
        not grow with the stack.
    white
        See :func:`to_levels`.
    """
    height, width = to_planes(images[:1]).shape[2:]
    rows = len(images)
    step = max(1, ELEMENTS_AT_ONCE // max(1, images[0].size if rows else 1))
    parts = [_measure(to_planes(images[at : at + step]), white) for at in range(0, max(rows, 1), step)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    sizes = {"width": float(width), "height": float(height), "aspect": width / height}
    return found | {name: np.full(rows, size) for name, size in sizes.items()}


def _measure(planes: NDArray[np.float64], white: float | None) -> dict[str, NDArray[np.float64]]:
    finite = np.asarray(np.isfinite(planes).all(axis=(0, 2, 3)))
    if not finite.all():
        planes = np.where(finite[:, None, None], planes, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        grey, levels = _grey(planes), to_levels(planes, white)
        grey_levels = _grey(levels)
        found = {
            "brightness": brightness(grey),
            "contrast": contrast(grey),
            "sharpness": sharpness(grey),
            "noise": noise(grey),
            "colourfulness": colourfulness(levels),
            "entropy": entropy(grey_levels),
            "blank_share": blank_share(grey_levels),
        }
    for values in found.values():
        values[~(finite & np.isfinite(values))] = np.nan
    return found
