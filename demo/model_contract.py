"""What Driftline is told of the digits model: its contract, and baselines measured as it measures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.image import measure_images
from collector.descriptors.prediction import measure_predictions
from demo.classifier import Classifier
from demo.digits import CLASSES, MODEL, Documents
from demo.protocol import INPUT, OUTPUT
from demo.training import HYPER_PARAMETERS, METHOD
from driftline.contracts import Contract, ContractField, Lineage

CONTRACT = Contract(
    model=MODEL,
    team="ocr",
    description="Reads the digits of scanned forms.",
    fields=(
        ContractField(name=INPUT, role="input", kind="image"),
        ContractField(name=OUTPUT, role="output", kind="prediction", classes=CLASSES),
    ),
    prediction=f"{OUTPUT}.class",
    lineage=Lineage(
        dataset="sklearn.datasets.load_digits", method=METHOD, hyper_parameters=dict(HYPER_PARAMETERS)
    ),
)


def contract_body() -> dict[str, Any]:
    """The contract as its owner declares it: without what the store adds."""
    return CONTRACT.model_dump(mode="json", exclude={"revision", "source", "slots"})


def baseline_body(name: str, version: int, model: Classifier, captures: Documents) -> dict[str, Any]:
    """A baseline of one version: the contract's columns on labelled captures that it has never seen.

    Parameters
    ----------
    name
        Name of the baseline.
    version
        Version it is for.
    model
        That version.
    captures
        Labelled captures as live traffic brings them.

    Returns
    -------
    dict
        Body of ``POST /api/v1/models/{model}/baselines``: rows of columns, and how many predictions on
        them are right.
    """
    scores = model.scores(captures.images)
    columns = _columns(captures.images, scores)
    names = list(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    correct = int((scores.argmax(axis=1) == captures.labels).sum())
    return {
        "name": name,
        "version": str(version),
        "rows": rows,
        "labelled": len(captures),
        "correct": correct,
    }


def _columns(images: NDArray[np.float64], scores: NDArray[np.float64]) -> dict[str, list[Any]]:
    said = measure_predictions(scores, CLASSES)
    measured: dict[str, list[Any]] = {
        f"{INPUT}.{name}": values.tolist() for name, values in measure_images(images).items()
    }
    measured[f"{OUTPUT}.class"] = list(said.classes)
    measured[f"{OUTPUT}.confidence"] = said.confidence.tolist()
    measured[f"{OUTPUT}.entropy"] = said.entropy.tolist()
    measured[f"{OUTPUT}.margin"] = said.margin.tolist()
    return {column.name: measured[column.name] for column in CONTRACT.columns()}
