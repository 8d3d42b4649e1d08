"""The image columns of files (JPEG, PNG, WebP…), decoded under bounds.

A hostile or broken file costs at most what an honest one of the largest size costs: the header is read
first, and pixels are only decoded below ``largest_pixels``. Nothing is raised for any bytes.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from collector.descriptors.image import WHITE, measure_images
from driftline.contracts import DERIVED_COLUMNS

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
LARGEST_PIXELS = 16_000_000
LONGEST_SIDE = 512
"""The longer side that is measured, in pixels."""

_COLUMNS = tuple(name for name, _ in DERIVED_COLUMNS["image"])
_SIXTEEN_BITS = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
_NO_WHITE = frozenset({"I", "F"})
_GREY = frozenset({"1", "L", "LA", "La"})
# Pillow's decoders document no closed list: these are what its format plug-ins raise on broken files.
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def measure_encoded_images(
    contents: Sequence[bytes | None], *, largest_pixels: int = LARGEST_PIXELS
) -> dict[str, NDArray[np.float64]]:
    """All image columns by name, one value a file; NaN where a file is missing, broken or no image.

    ``width``, ``height`` (pixels, as stored: a rotation in the EXIF data is not applied) and ``aspect``
    are those of the file. Everything else is measured in levels 0..255 on the first frame, without alpha,
    reduced by averaging over squares of ``ceil(longer side / 512)`` pixels, so that the longer side is at
    most 512; a JPEG first drops the frequencies that this leaves out (its decoder's 1/2, 1/4 or 1/8
    scale). Files of different sizes are thus reduced differently: read sharpness and noise together with
    the sizes.

    Parameters
    ----------
    contents
        Files in one of the formats JPEG, PNG, WebP, GIF, BMP and TIFF, told by their content.
    largest_pixels
        A file with more pixels than this, by its header, gives its sizes only. Decoding takes up to 4
        bytes a pixel for the moment.

    >>> file = BytesIO()
    >>> Image.new("RGB", (30, 20), (255, 0, 0)).save(file, "PNG")
    >>> found = measure_encoded_images([file.getvalue(), b"no image"])
    >>> found["width"].tolist(), found["aspect"].tolist(), found["blank_share"].tolist()
    ([30.0, nan], [1.5, nan], [1.0, nan])
    """
    found = {name: np.full(len(contents), np.nan) for name in _COLUMNS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow finds odd in somebody's file is no line of our log
        for row, content in enumerate(contents):
            if content is not None:
                for name, value in _measure(content, largest_pixels).items():
                    found[name][row] = value
    return found


def _measure(content: bytes, largest_pixels: int) -> dict[str, float]:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width <= 0 or height <= 0:
                return {}
            sizes = {"width": float(width), "height": float(height), "aspect": width / height}
            if width * height > largest_pixels:
                return sizes
            try:
                pixels = _pixels(image)
                measured = measure_images(pixels[None], white=WHITE)
            except _BROKEN:  # the header was good, the pixels are not
                return sizes
    except _BROKEN:
        return {}
    return {name: float(values[0]) for name, values in measured.items()} | sizes


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Levels 0..255 of the reduced first frame: ``(h, w)`` or ``(h, w, 3)``."""
    longest = max(image.size)
    if longest > 2 * LONGEST_SIDE:
        # The decoder keeps both sides at or above what is asked for.
        width, height = (max(1, side * LONGEST_SIDE // longest) for side in image.size)
        image.draft(None, (width, height))
    if image.mode in _SIXTEEN_BITS:  # Pillow would cut the levels off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in _NO_WHITE:
        raise ValueError(f"pixels of mode {image.mode} have no known white")
    plain = image.convert("L" if image.mode in _GREY else "RGB")
    factor = -(-max(plain.size) // LONGEST_SIDE)
    return np.asarray(plain.reduce(factor) if factor > 1 else plain)
