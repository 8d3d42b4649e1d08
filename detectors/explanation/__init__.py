"""Why a field has the status it has: read from the store, put into figures and into words."""

from detectors.explanation.explain import Question, explain
from detectors.explanation.explain_range import RangeQuestion, asked_span, explain_range

__all__ = ["Question", "RangeQuestion", "asked_span", "explain", "explain_range"]
