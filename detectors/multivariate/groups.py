"""Which columns are looked at together: a model's inputs, its outputs, each of its embeddings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from driftline.contracts import Column, Contract, Role

INPUTS = "(inputs)"
OUTPUTS = "(outputs)"

MOST_NUMERIC = 64
"""Numeric columns of a group that are looked at: the first of the contract; 2,016 pairs."""

MOST_CATEGORICAL = 32

GroupKind = Literal["side", "embedding"]


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that are judged together.

    Attributes
    ----------
    field
        ``(inputs)``, ``(outputs)`` or the name of a field of kind embedding.
    kind
        ``side``: classifier, reconstruction and correlations; ``embedding``: classifier and the distances
        of whole vectors.
    numeric, categorical
        Names of the columns, in the contract's order.
    left_out
        Columns beyond the bounds, or without a bin in the baseline.
    """

    field: str
    role: Role
    kind: GroupKind
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Numeric columns, then categorical ones."""
        return (*self.numeric, *self.categorical)


def groups_of(contract: Contract, known: Collection[str]) -> list[Group]:
    """The groups of a model; one of fewer than two columns says nothing that its field does not.

    Parameters
    ----------
    known
        Columns that the baseline knows.
    """
    columns = [column for column in contract.columns() if column.name in known]
    groups = [
        _group(INPUTS, "input", "side", [column for column in columns if column.role == "input"]),
        _group(OUTPUTS, "output", "side", [column for column in columns if column.role == "output"]),
    ]
    for field in contract.fields:
        if field.kind == "embedding":
            mine = [column for column in columns if column.field == field.name]
            groups.append(_group(field.name, field.role, "embedding", mine))
    return [group for group in groups if len(group.columns) >= 2]


def segment_columns(contract: Contract, known: Collection[str]) -> tuple[str, ...]:
    """Categorical columns that split a model's rows into segments."""
    return tuple(
        column.name
        for column in contract.columns()
        if column.role == "segment" and column.kind == "categorical" and column.name in known
    )


def _group(field: str, role: Role, kind: GroupKind, columns: list[Column]) -> Group:
    numeric = [column.name for column in columns if column.kind == "numeric"]
    categorical = [column.name for column in columns if column.kind == "categorical"]
    return Group(
        field,
        role,
        kind,
        tuple(numeric[:MOST_NUMERIC]),
        tuple(categorical[:MOST_CATEGORICAL]),
        (*numeric[MOST_NUMERIC:], *categorical[MOST_CATEGORICAL:]),
    )
