"""How a model's false-alarm budget is shared out, and what each share asks for in evidence.

Half is for decay. Of the half for drift, a tenth goes to the tests of the model as a whole (several fields
at once, correlations); of the rest three tenths go to segments where there are any; what is left goes to the
fields over all rows. Within a part every field has the same. Splitting is cheap: a budget twelve times
stricter raises the evidence that is asked for by about .4 standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass

DECAY_SHARE = 0.5
MODEL_LEVEL_SHARE = 0.1
SEGMENTS_SHARE = 0.3
MODEL_LEVEL_TESTS = 4
"""Several fields at once and correlations, of inputs and of outputs."""


@dataclass(frozen=True, slots=True)
class ModelBudget:
    """Expected false episodes a year of one model, by what may cause them.

    Attributes
    ----------
    per_year
        Of the model in all.
    fields
        Fields that are watched over all rows.
    segments
        Segment values that are watched field by field.
    """

    per_year: float
    fields: int
    segments: int = 0

    @property
    def decay(self) -> float:
        """For the loss of quality, a year."""
        return self.per_year * DECAY_SHARE

    @property
    def drift(self) -> float:
        """For drift of any kind, a year."""
        return self.per_year - self.decay

    @property
    def model_level(self) -> float:
        """For tests of several fields at once, a year."""
        return self.drift * MODEL_LEVEL_SHARE

    @property
    def all_segments(self) -> float:
        """For all fields in all segments, a year."""
        return (self.drift - self.model_level) * SEGMENTS_SHARE if self.segments else 0.0

    @property
    def field(self) -> float:
        """For one field over all rows, a year."""
        return (self.drift - self.model_level - self.all_segments) / max(1, self.fields)

    @property
    def segment_field(self) -> float:
        """For one field in one segment, a year; 0 without segments."""
        return self.all_segments / (self.segments * max(1, self.fields)) if self.segments else 0.0

    @property
    def model_level_test(self) -> float:
        """For one model-level test, a year."""
        return self.model_level / MODEL_LEVEL_TESTS


def month(per_year: float) -> float:
    """Expected false episodes a month of 30.4 days, which is nearly the probability of one."""
    return per_year / 12
