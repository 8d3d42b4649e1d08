"""The model that is served: a small neural network, kept as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from demo.digits import CLASSES, IMAGE_SHAPE
from driftline.errors import UnreadableFile

_PIXELS = IMAGE_SHAPE[0] * IMAGE_SHAPE[1]


@dataclass(frozen=True, slots=True)
class Classifier:
    """Two dense layers: ``softmax(relu(x W1 + b1) W2 + b2)``.

    Serving needs NumPy alone, and a file of arrays cannot run code when it is loaded, as a pickle can.

    Attributes
    ----------
    hidden_weights, hidden_bias
        ``(64, h)`` and ``(h,)``.
    output_weights, output_bias
        ``(h, 10)`` and ``(10,)``.
    """

    hidden_weights: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]
    output_weights: NDArray[np.float64]
    output_bias: NDArray[np.float64]

    def scores(self, images: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of each digit: ``(n, 8, 8)`` grey levels 0..1 to ``(n, 10)``, rows adding up to 1."""
        pixels = images.reshape(len(images), _PIXELS)
        hidden = np.maximum(pixels @ self.hidden_weights + self.hidden_bias, 0.0)
        logits = hidden @ self.output_weights + self.output_bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def predict(self, images: NDArray[np.float64]) -> NDArray[np.int64]:
        """The most probable digit of each image, shape ``(n,)``."""
        return np.asarray(self.scores(images).argmax(axis=1), np.int64)

    def save(self, path: Path) -> None:
        """Write the arrays as one ``.npz`` file."""
        with path.open("wb") as file:
            np.savez(
                file,
                hidden_weights=self.hidden_weights,
                hidden_bias=self.hidden_bias,
                output_weights=self.output_weights,
                output_bias=self.output_bias,
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        UnreadableFile
            The file is missing or damaged, or its arrays do not fit together.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                model = cls(**{name: np.asarray(arrays[name], np.float64) for name in cls.__slots__})
        except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
            raise UnreadableFile(f"{path} is not a digits classifier: {error}") from error
        width = len(model.hidden_bias)
        shapes = (model.hidden_weights.shape, model.output_weights.shape, model.output_bias.shape)
        if shapes != ((_PIXELS, width), (width, len(CLASSES)), (len(CLASSES),)):
            raise UnreadableFile(f"{path} is not a digits classifier: its arrays have shapes {shapes}")
        return model
