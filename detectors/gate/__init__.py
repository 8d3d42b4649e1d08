"""The gate before a deploy: a candidate next to the champion on stored rows with a truth."""

from detectors.gate.candidate_answers import AnswersReceipt, record_answers
from detectors.gate.champion import version_in_service
from detectors.gate.criteria import GateCriteria
from detectors.gate.evaluation_rows import RowsQuestion, evaluation_rows
from detectors.gate.gate import GateQuestion, judge_candidate

__all__ = [
    "AnswersReceipt",
    "GateCriteria",
    "GateQuestion",
    "RowsQuestion",
    "evaluation_rows",
    "judge_candidate",
    "record_answers",
    "version_in_service",
]
