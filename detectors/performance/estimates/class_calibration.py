"""Calibrated class probabilities, and the calibrated probability that an answer is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.calibration_curve import CalibrationCurve, fit_curve
from detectors.performance.estimates.rows import LabelledRows, Matrix, ScoredRows, Vector

LEAST_SUM = 1e-12


@dataclass(frozen=True, slots=True)
class Believed:
    """What is believed of rows.

    Attributes
    ----------
    correct
        Probability that the predicted class is the true one, shape ``(n,)``.
    classes
        Probability of every class, shape ``(n, K)``; ``(n, 0)`` when only the confidence is known.
    """

    correct: Vector
    classes: Matrix


@dataclass(frozen=True, slots=True)
class ClassCalibration:
    """Calibration of a classifier.

    Attributes
    ----------
    by_class
        One curve a class, one against the rest; a single one, of the second, when there are two; none when
        only the confidence is known.
    of_confidence
        Curve of the confidence, ``None`` when two classes say it all. With more classes it estimates
        accuracy better than the curves of rare classes do.
    """

    by_class: tuple[CalibrationCurve, ...]
    of_confidence: CalibrationCurve | None

    @property
    def error(self) -> float:
        """Largest calibration error that remains in the probability of being right."""
        return self._main.remaining_error

    @property
    def _main(self) -> CalibrationCurve:
        return self.of_confidence if self.of_confidence is not None else self.by_class[0]

    @property
    def draws(self) -> int:
        """How many resampled references there are."""
        return len(self._main.draws)

    def believed(self, rows: ScoredRows) -> Believed:
        """Probabilities of the rows."""
        if self.of_confidence is None:
            return _two(rows, self.by_class[0].expected(rows.scores[:, 1]))
        correct = self.of_confidence.expected(rows.confidence)
        columns = [curve.expected(rows.scores[:, k]) for k, curve in enumerate(self.by_class)]
        return Believed(correct, _normalised(columns, len(rows)))

    def resampled(self, rows: ScoredRows) -> Iterator[Believed]:
        """Probabilities of the rows, once for each resampled reference."""
        if self.of_confidence is None:
            curve = self.by_class[0]
            bins = curve.bins(rows.scores[:, 1])
            for draw in range(self.draws):
                yield _two(rows, curve.draws[draw][bins])
            return
        sure = self.of_confidence.bins(rows.confidence)
        places = [curve.bins(rows.scores[:, k]) for k, curve in enumerate(self.by_class)]
        for draw in range(self.draws):
            correct = self.of_confidence.draws[draw][sure]
            columns = [curve.draws[draw][place] for curve, place in zip(self.by_class, places, strict=True)]
            yield Believed(correct, _normalised(columns, len(rows)))


def fit_class_calibration(
    reference: LabelledRows, weights: Vector, rng: np.random.Generator
) -> ClassCalibration:
    """Calibrate scores on labelled rows.

    Parameters
    ----------
    weights
        Of the reference rows; those of the sample, or times a density ratio.
    """
    rows, truth = reference.rows, reference.truth
    if rows.scores.shape[1] == 2:
        # The classes of two that each model predicts: one curve says both.
        curve = fit_curve(rows.scores[:, 1], (truth == 1).astype(np.float64), weights, rng)
        return ClassCalibration((curve,), None)
    by_class = tuple(
        fit_curve(rows.scores[:, k], (truth == k).astype(np.float64), weights, rng)
        for k in range(rows.scores.shape[1])
    )
    return ClassCalibration(by_class, fit_curve(rows.confidence, reference.correct, weights, rng))


def _two(rows: ScoredRows, second: Vector) -> Believed:
    return Believed(np.where(rows.predicted == 1, second, 1 - second), np.stack([1 - second, second], axis=1))


def _normalised(columns: list[Vector], n: int) -> Matrix:
    if not columns:
        return np.zeros((n, 0))
    table = np.stack(columns, axis=1)
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), LEAST_SUM))
