"""The evaluation gate: may the retrained model take the place of the one that is served?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from driftline.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What the gate asks for.

    Attributes
    ----------
    minimum_gain
        Accuracy the challenger must win on the new images, 0..1.
    significance
        Largest p-value of the paired comparison there.
    clean_tolerance
        Accuracy it may lose on the clean holdout, 0..1.
    minimum_documents
        Fewest new documents to judge on.
    """

    minimum_gain: float = 0.03
    significance: float = 0.01
    clean_tolerance: float = 0.02
    minimum_documents: int = 40


@dataclass(frozen=True, slots=True)
class GateResult:
    """The gate's answer and every figure it rests on; accuracies are shares 0..1."""

    passed: bool
    reason: str
    documents: int
    champion_accuracy: float
    challenger_accuracy: float
    challenger_only_right: int
    champion_only_right: int
    p_value: float
    clean_documents: int
    champion_clean_accuracy: float
    challenger_clean_accuracy: float

    def as_dict(self) -> dict[str, Any]:
        """As JSON carries it."""
        return asdict(self)


def compare_paired(champion: NDArray[np.bool_], challenger: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Exact one-sided McNemar test that the challenger is right more often.

    Under no difference each document on which exactly one model is right is a fair coin, so with ``b``
    documents only the challenger has right and ``c`` only the champion, ``p = P(Bin(b + c, 1/2) >= b)``
    (McNemar 1947; the exact form needs no minimum of ``b + c``).

    Parameters
    ----------
    champion, challenger
        ``(n,)`` whether each model is right, on the same independent documents in the same order.

    Returns
    -------
    b, c, p
        ``p`` is 1 when the models never differ.

    >>> compare_paired(np.array([False] * 5 + [True]), np.array([True] * 5 + [True]))
    (5, 0, 0.03125)
    """
    won = int((challenger & ~champion).sum())
    lost = int((champion & ~challenger).sum())
    if won + lost == 0:
        return 0, 0, 1.0
    return won, lost, float(binomtest(won, won + lost, 0.5, alternative="greater").pvalue)


def judge(
    champion_new: NDArray[np.bool_],
    challenger_new: NDArray[np.bool_],
    champion_clean: NDArray[np.bool_],
    challenger_clean: NDArray[np.bool_],
    policy: GatePolicy | None = None,
) -> GateResult:
    """Compare both models where the world has changed and where it has not.

    Parameters
    ----------
    champion_new, challenger_new
        ``(n,)`` whether each model is right on new documents that neither was trained on, one capture a
        document, in the same order.
    champion_clean, challenger_clean
        ``(m,)`` the same on the clean holdout.
    policy
        Limits; the defaults of :class:`GatePolicy` when ``None``.

    Raises
    ------
    InvalidInput
        The two models were not judged on the same number of documents, or the clean holdout is empty.
    """
    limits = policy or GatePolicy()
    if champion_new.shape != challenger_new.shape or champion_clean.shape != challenger_clean.shape:
        raise InvalidInput(
            "champion and challenger must be judged on the same documents, got "
            f"{champion_new.shape} and {challenger_new.shape} new, "
            f"{champion_clean.shape} and {challenger_clean.shape} clean"
        )
    if champion_clean.size == 0:
        raise InvalidInput("the gate needs clean documents to judge on, got none")
    won, lost, p_value = compare_paired(champion_new, challenger_new)
    champion, challenger = _share(champion_new), _share(challenger_new)
    clean_before, clean_after = _share(champion_clean), _share(challenger_clean)
    faults = []
    if len(champion_new) < limits.minimum_documents:
        faults.append(f"{len(champion_new)} new documents to judge on, {limits.minimum_documents} needed")
    if challenger - champion < limits.minimum_gain:
        faults.append(f"gains {challenger - champion:+.3f} on new images, {limits.minimum_gain:+.3f} needed")
    if p_value > limits.significance:
        faults.append(f"p = {p_value:.3g} on new images, at most {limits.significance:g} allowed")
    if clean_after < clean_before - limits.clean_tolerance:
        faults.append(
            f"loses {clean_before - clean_after:.3f} on clean images, {limits.clean_tolerance:.3f} allowed"
        )
    better = f"{champion:.3f} -> {challenger:.3f} on {len(champion_new)} new documents (p = {p_value:.2g})"
    return GateResult(
        passed=not faults,
        reason="; ".join(faults) or better,
        documents=len(champion_new),
        champion_accuracy=champion,
        challenger_accuracy=challenger,
        challenger_only_right=won,
        champion_only_right=lost,
        p_value=p_value,
        clean_documents=len(champion_clean),
        champion_clean_accuracy=clean_before,
        challenger_clean_accuracy=clean_after,
    )


def _share(right: NDArray[np.bool_]) -> float:
    return float(right.mean()) if right.size else 0.0
