"""Metrics of a confusion matrix: accuracy, precision, recall, F1, their averages and balanced accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.interval import effective_size, quotient, share_interval, wilson

Vector = NDArray[np.float64]

CELLS_SHOWN: Final = 400
"""Cells of the confusion matrix that go into the details, largest first."""
CLASSES_SHOWN: Final = 200
"""Classes with figures of their own, most frequent first; averages count all."""


@dataclass(frozen=True)
class Confusion:
    """Confusion matrices of many windows: ``W`` windows, ``K`` classes.

    Attributes
    ----------
    classes
        Names of the classes that occur, as truth or as prediction.
    counts, weights, squares
        Events, ``sum w`` and ``sum w^2``, each of shape ``(W, K, K + 1)``: true class, predicted class. The
        last column is events without a prediction; they count as wrong and are no class.
    """

    classes: tuple[str, ...]
    counts: Vector
    weights: Vector
    squares: Vector

    @classmethod
    def of(
        cls, truth: Sequence[str], prediction: Sequence[str], weights: ArrayLike | None = None
    ) -> Confusion:
        """The matrix of one window from its events; an empty prediction is none."""
        w = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
        if not len(truth) == len(prediction) == w.size:
            raise ValueError(f"{len(truth)} truths, {len(prediction)} predictions and {w.size} weights")
        return cls.of_cells(1, np.zeros(w.size, dtype=np.int64), truth, prediction, np.ones(w.size), w, w * w)

    @classmethod
    def of_cells(
        cls,
        windows: int,
        window: NDArray[np.int64],
        truth: Sequence[str],
        prediction: Sequence[str],
        counts: ArrayLike,
        weights: ArrayLike,
        squares: ArrayLike,
    ) -> Confusion:
        """Matrices from sums by window, truth and prediction; cells may come in parts."""
        classes = tuple(sorted({*truth, *prediction} - {""}))
        code = {name: index for index, name in enumerate(classes)}
        size = len(classes)
        row = np.fromiter((code[name] for name in truth), np.int64, len(truth))
        column = np.fromiter((code.get(name, size) for name in prediction), np.int64, len(prediction))
        place = (window * size + row) * (size + 1) + column
        shape = (windows, size, size + 1)
        length = windows * size * (size + 1)
        tables = [
            np.bincount(place, np.asarray(sums, dtype=np.float64), length).astype(np.float64).reshape(shape)
            for sums in (counts, weights, squares)
        ]
        return cls(classes, *tables)


def confusion_metrics(matrix: Confusion) -> list[Measured]:
    """Every metric of the confusion matrices.

    - accuracy: weighted share of right predictions, Wilson's interval on the effective sample size.
    - precision of a class: right among those predicted as it; recall: right among those that are it; each
      with Wilson's interval on the effective size of just these events.
    - F1 of a class: ``2 TP / (2 TP + FP + FN)``. It grows with the Jaccard index ``TP / (TP + FP + FN)``, a
      share of the events that are the class or were predicted as it; its Wilson limits are carried over.
    - macro and weighted averages over the classes that occur in the window, where an undefined precision or
      recall counts as 0 (scikit-learn's ``zero_division=0``); micro averages are of all events. Balanced
      accuracy is the mean recall of the true classes. Interval: variance of the linearised average,
      ``sum_cells (sum w^2) A^2``, in Wilson's limits.

    A window of a single class has a defined accuracy; averages then say so in their reason.
    """
    averages = _Averages(matrix)
    return [*averages.all_events(), *averages.averages(), *_by_class(matrix, averages)]


class _Averages:
    """Marginal sums, per-class values and the linearised averages."""

    def __init__(self, matrix: Confusion) -> None:
        self._matrix = matrix
        self._size = len(matrix.classes)
        w, size = matrix.weights, self._size
        self.right = np.einsum("wii->wi", w[:, :, :size])
        self.truths = w.sum(axis=2)
        self.predicted = w[:, :, :size].sum(axis=1)
        self.total, self.answered = self.truths.sum(axis=1), self.predicted.sum(axis=1)
        self.n = matrix.counts.sum(axis=(1, 2))
        self.effective = effective_size(self.total, matrix.squares.sum(axis=(1, 2)))
        self.precision = quotient(self.right, self.predicted)
        self.recall = quotient(self.right, self.truths)
        self.f1 = quotient(2 * self.right, self.predicted + self.truths)

    def all_events(self) -> list[Measured]:
        matrix, size = self._matrix, self._size
        correct = self.right.sum(axis=1)
        accuracy = quotient(correct, self.total)
        answered = effective_size(self.answered, matrix.squares[:, :, :size].sum(axis=(1, 2)))
        precision = quotient(correct, self.answered)
        f1 = quotient(2 * correct, self.total + self.answered)
        is_right = np.eye(size, size + 1)
        told = (np.arange(size + 1) < size).astype(np.float64)
        linear = 2 * is_right - f1[:, None, None] * (1 + told)
        f1_variance = _linear_variance(matrix.squares, linear / _column(self.total + self.answered, 2))
        limits = wilson(accuracy, self.effective)
        unpredicted = [
            "no event has a prediction" if w > 0 and not a > 0 else ""
            for w, a in zip(self.total.tolist(), self.answered.tolist(), strict=True)
        ]
        details = [{"confusion": confusion_details(matrix, window)} for window in range(self.n.size)]
        return [
            Measured.of("accuracy", accuracy, limits, self.n, self.effective, details=details),
            Measured.of(
                "precision_micro",
                precision,
                wilson(precision, answered),
                self.n,
                answered,
                reasons=unpredicted,
            ),
            Measured.of("recall_micro", accuracy, limits, self.n, self.effective),
            Measured.of(
                "f1_micro", f1, share_interval(f1, f1_variance, self.effective), self.n, self.effective
            ),
        ]

    def averages(self) -> list[Measured]:
        size, truths, total = self._size, self.truths, _column(self.total, 1)
        occurs = (truths + self.predicted > 0).astype(np.float64)
        classes, true = occurs.sum(axis=1), (truths > 0).astype(np.float64)
        same = np.eye(size)
        is_right = np.eye(size, size + 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            per_predicted = np.nan_to_num(1 / self.predicted, posinf=0.0)
            per_truth = np.nan_to_num(1 / truths, posinf=0.0)
            per_both = np.nan_to_num(1 / (self.predicted + truths), posinf=0.0)
        precision, recall, f1 = (np.nan_to_num(each) for each in (self.precision, self.recall, self.f1))

        def linear(by_precision: Vector, by_recall: Vector, by_f1: Vector) -> tuple[Vector, Vector, Vector]:
            """Derivatives by the weight of a cell, of sums over classes with these factors."""
            of_precision = np.zeros((*truths.shape, size + 1))
            factor = (by_precision * per_predicted)[:, None, :]
            of_precision[:, :, :size] = factor * (same - precision[:, None, :])
            of_recall = (by_recall * per_truth)[:, :, None] * (is_right - recall[:, :, None])
            share = by_f1 * per_both
            of_f1 = share[:, :, None] * (2 * is_right - f1[:, :, None])
            of_f1[:, :, :size] -= (share * f1)[:, None, :]
            return of_precision, of_recall, of_f1

        with np.errstate(invalid="ignore", divide="ignore"):
            flat = linear(*(occurs / _column(classes, 1),) * 3)
            share = truths / total
            by_support = linear(share, share, share)
            balanced_share = true / _column(true.sum(axis=1), 1)
        only = [
            f"all labels are {self._matrix.classes[int(row.argmax())]!r}" if row.sum() == 1 else ""
            for row in true
        ]
        found = []
        for name, values, of_macro, of_weighted in zip(
            ("precision", "recall", "f1"), (precision, recall, f1), flat, by_support, strict=True
        ):
            macro = quotient((values * occurs).sum(axis=1), classes)
            weighted = quotient((values * truths).sum(axis=1), self.total)
            # The supports are random too: an event of a class moves the average towards that class.
            of_weighted = of_weighted + ((values - _column(weighted, 1)) / total)[:, :, None]
            found += [
                self._average(f"{name}_macro", macro, of_macro, only),
                self._average(f"{name}_weighted", weighted, of_weighted, only),
            ]
        _, of_balanced, _ = linear(balanced_share, balanced_share, balanced_share)
        balanced = (recall * balanced_share).sum(axis=1) if size else np.full(self.n.size, np.nan)
        return [self._average("balanced_accuracy", balanced, of_balanced, only), *found]

    def _average(self, metric: str, value: Vector, linear: Vector, reasons: Sequence[str]) -> Measured:
        variance = _linear_variance(self._matrix.squares, linear)
        limits = share_interval(value, variance, self.effective)
        return Measured.of(metric, value, limits, self.n, self.effective, reasons=reasons)


def _by_class(matrix: Confusion, sums: _Averages) -> list[Measured]:
    found = []
    size = len(matrix.classes)
    frequent = np.argsort(-(sums.truths + sums.predicted).sum(axis=0), kind="stable")[:CLASSES_SHOWN]
    for index in sorted(frequent.tolist()):
        name = matrix.classes[index]
        predicted = effective_size(sums.predicted[:, index], matrix.squares[:, :, index].sum(axis=1))
        true = effective_size(sums.truths[:, index], matrix.squares[:, index, :].sum(axis=1))
        either_weight = sums.truths[:, index] + sums.predicted[:, index] - sums.right[:, index]
        squares = matrix.squares[:, index, :].sum(axis=1) + matrix.squares[:, :, index].sum(axis=1)
        either = effective_size(either_weight, squares - matrix.squares[:, index, index])
        counts = matrix.counts[:, index, :].sum(axis=1) + matrix.counts[:, :, index].sum(axis=1)
        counts = counts - matrix.counts[:, index, index]
        jaccard = wilson(quotient(sums.right[:, index], either_weight), either)
        f1_limits = (2 * jaccard[0] / (1 + jaccard[0]), 2 * jaccard[1] / (1 + jaccard[1]))
        for metric, values, limits, effective, why in (
            ("precision", sums.precision, None, predicted, f"no event was predicted as {name!r}"),
            ("recall", sums.recall, None, true, f"no label is {name!r}"),
            ("f1", sums.f1, f1_limits, either, ""),
        ):
            value = values[:, index]
            reasons = [why if not ok else "" for ok in np.isfinite(value).tolist()]
            limits = limits or wilson(value, effective)
            found.append(
                Measured.of(metric, value, limits, counts, effective, class_name=name, reasons=reasons)
            )
    if size > CLASSES_SHOWN:
        found = [each for each in found if each.labelled.any()]
    return found


def confusion_details(matrix: Confusion, window: int) -> dict[str, Any]:
    """Cells of one window that hold events: ``[truth, prediction, events, weight]``, largest first."""
    names = (*matrix.classes, "")
    rows, columns = np.nonzero(matrix.counts[window])
    largest = np.argsort(-matrix.weights[window, rows, columns], kind="stable")
    cells = [
        [
            names[rows[place]],
            names[columns[place]],
            int(matrix.counts[window, rows[place], columns[place]]),
            float(matrix.weights[window, rows[place], columns[place]]),
        ]
        for place in largest[:CELLS_SHOWN].tolist()
    ]
    return {"cells": cells, "left_out": max(0, len(rows) - CELLS_SHOWN)}


def _column(values: Vector, axes: int) -> Vector:
    return np.asarray(values.reshape(*values.shape, *(1,) * axes))


def _linear_variance(squares: Vector, linear: Vector) -> Vector:
    return np.asarray(np.einsum("wij,wij,wij->w", squares, linear, linear))
