"""Four numbers that change when a camera, scanner or preprocessing step degrades.

All are in the grey levels that the tensor carries (0..1 or 0..255, as the model is fed), or their
square for sharpness. Colour images are reduced to luma (ITU-R BT.601) first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114])
_CHANNELS = frozenset({1, 2, 3, 4})


def to_grey(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reduce a stack of images to grey levels.

    Parameters
    ----------
    images
        ``(n, h, w)``, ``(n, h, w, c)`` or ``(n, c, h, w)`` with 1 to 4 channels: grey, grey + alpha, RGB
        or RGB + alpha. Alpha is ignored; channels last is assumed when both ends could be channels.

    Returns
    -------
    ndarray of shape (n, h, w)

    Raises
    ------
    ValueError
        Another number of axes or of channels, or a side below 3 pixels.
    """
    if images.ndim == 4:
        if images.shape[3] in _CHANNELS:
            planes = np.moveaxis(images, 3, 0)
        elif images.shape[1] in _CHANNELS:
            planes = np.moveaxis(images, 1, 0)
        else:
            raise ValueError(f"no axis of {images.shape[1:]} is a channel axis of 1 to 4")
        images = np.tensordot(_LUMA, planes[:3], axes=1) if len(planes) >= 3 else planes[0]
    if images.ndim != 3 or min(images.shape[1:]) < 3:
        raise ValueError(f"shape {images.shape[1:]} is not an image of at least 3 x 3 pixels")
    return images


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


def measure_images(images: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """All image columns by name, one value an image; see :func:`to_grey` for shapes and errors.

    An image with a value that is not finite gives NaN in every column.
    """
    grey = to_grey(images)
    finite = np.asarray(np.isfinite(grey).all(axis=(1, 2)))
    safe = np.where(finite[:, None, None], grey, 0.0)
    found = {
        "brightness": brightness(safe),
        "contrast": contrast(safe),
        "sharpness": sharpness(safe),
        "noise": noise(safe),
    }
    return {name: np.where(finite, values, np.nan) for name, values in found.items()}
