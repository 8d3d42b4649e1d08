"""Why a field has the status it has: read from the store, put into figures and into words."""

from detectors.explanation.explain import Question, explain

__all__ = ["Question", "explain"]
