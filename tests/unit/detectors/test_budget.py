"""The split of a model's false-alarm budget."""

from __future__ import annotations

import pytest

from detectors.budget import MODEL_LEVEL_TESTS, ModelBudget


@pytest.mark.parametrize(("fields", "segments"), [(25, 0), (50, 0), (25, 4), (1, 1), (200, 20)])
def test_the_parts_sum_to_the_whole(fields: int, segments: int) -> None:
    budget = ModelBudget(0.125, fields, segments)
    spent = budget.decay + budget.model_level_test * MODEL_LEVEL_TESTS
    spent += budget.field * fields + budget.segment_field * fields * segments
    assert spent == pytest.approx(0.125)


def test_segments_take_nothing_where_there_are_none() -> None:
    assert ModelBudget(1.0, 10).segment_field == 0.0
    assert ModelBudget(1.0, 10).field > ModelBudget(1.0, 10, 3).field
