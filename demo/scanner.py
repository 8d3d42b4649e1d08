"""The scanner in front of the model: every capture differs a little, and a worn scanner harms it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scanner:
    """What a scanner does to a page.

    Attributes
    ----------
    exposure
        Largest relative change of the ink's grey level from capture to capture, 0..1.
    blur
        Share of each pixel that comes from its 3 x 3 neighbourhood, 0 (sharp) to 1.
    contrast
        Factor on the distance of a grey level from mid-grey, 1 (faithful) to 0 (all grey).
    noise
        Standard deviation of the sensor's Gaussian noise, in grey levels.
    """

    exposure: float = 0.06
    blur: float = 0.0
    contrast: float = 1.0
    noise: float = 0.02

    def capture(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Scan a stack of pages.

        Parameters
        ----------
        images
            ``(n, h, w)`` grey levels 0..1.
        rng
            Source of exposure and noise; the same state gives the same captures.

        Returns
        -------
        ndarray of shape (n, h, w)
            Grey levels 0..1; ``images`` is left as it was.
        """
        exposed = images * rng.uniform(1.0 - self.exposure, 1.0 + self.exposure, (len(images), 1, 1))
        blurred = (1.0 - self.blur) * exposed + self.blur * _neighbourhood_mean(exposed)
        flat = 0.5 + self.contrast * (blurred - 0.5)
        captured = flat + rng.normal(0.0, self.noise, images.shape)
        return np.asarray(np.clip(captured, 0.0, 1.0))


HEALTHY = Scanner()
WORN = Scanner(blur=0.45, contrast=0.65, noise=0.06)
"""Smeared glass and a fading lamp: people still read the digits, the model does so less well."""


def _neighbourhood_mean(images: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = images.shape[1:]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    total = np.zeros_like(images)
    for row in range(3):
        for column in range(3):
            total += padded[:, row : row + height, column : column + width]
    return total / 9.0
