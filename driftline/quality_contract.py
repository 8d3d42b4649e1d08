"""How the quality of a model is measured: the part of a contract about labels and metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Task = Literal["classification", "regression", "ranking", "transcription", "verification", "kpi"]

LABELLED_WITH: Final = "label"
"""Value of ``propensity``: each label brings its own."""

PRIMARY_METRICS: Final[Mapping[Task, tuple[str, ...]]] = {
    "classification": ("accuracy", "log_loss", "brier"),
    "regression": ("mae", "mse", "mape", "quantile_loss"),
    "ranking": ("ndcg", "average_precision", "reciprocal_rank", "recall", "ctr"),
    "transcription": ("cer", "wer"),
    "verification": ("accuracy", "far", "frr"),
    "kpi": (),
}
"""Metrics that are the mean of a loss or gain of single events, so that decay can be decided on them; the
first is the default."""


class Kpi(BaseModel):
    """A business figure that follows a prediction: it comes with labels, or is a column of the event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Name of the figure, as labels carry it.")
    column: str = Field(default="", description="Numeric column that holds it; empty: it comes as a label.")
    better: Literal["higher", "lower"] = Field(default="higher", description="Which way is better.")
    lowest: float = Field(default=0.0, description="Lowest possible value.")
    highest: float = Field(default=1.0, description="Highest possible value; decay counts no more than that.")
    tolerance: float = Field(default=0.0, ge=0, description="Loss that is accepted, in the figure's unit.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError(f"kpi {self.name!r}: lowest {self.lowest:g} must be below {self.highest:g}")
        return self


class Quality(BaseModel):
    """Which columns hold what is compared with labels, and what counts as decay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task = Field(default="classification", description="What kind of answer the model gives.")
    prediction: str = Field(
        default="",
        description="Column with the prediction (a class, a number, the similarity of two faces), or the "
        "field stored raw that holds a text (transcription) or a JSON array of items, best first (ranking); "
        "the contract's `prediction` when empty.",
    )
    scores: dict[str, str] = Field(
        default_factory=dict,
        description="Classification: numeric column with the probability of each class. Of two classes one "
        "is enough.",
    )
    confidence: str = Field(
        default="",
        description="Classification without `scores`: column with the probability of the predicted class; "
        "that of the prediction field when empty.",
    )
    positive: str = Field(default="", description="Two classes: the one that is looked for.")
    threshold: float | None = Field(
        default=None, description="Verification: similarity from which two are taken for the same."
    )
    far_levels: tuple[float, ...] = Field(
        default=(1e-2, 1e-3), description="Verification: false acceptance rates at which TAR is given."
    )
    k: int = Field(default=10, ge=1, le=1000, description="Ranking: how many items from the top count.")
    catalogue: int | None = Field(
        default=None, ge=1, description="Ranking: items there are, for coverage; those seen when absent."
    )
    quantile: float = Field(default=0.5, gt=0, lt=1, description="Regression: quantile of `quantile_loss`.")
    calibration_bins: int = Field(default=15, ge=2, le=100, description="Bins of the calibration error.")
    metric: str = Field(default="", description="Metric that decides decay; by task when empty.")
    tolerance: float | None = Field(
        default=None,
        ge=0,
        description="Loss in the metric that is accepted, in its unit, before decay is called; when absent "
        "`decay_tolerance`, and `accuracy_tolerance` for what is called harmless.",
    )
    loss_limit: float | None = Field(
        default=None,
        gt=0,
        description="Highest loss of one event; more counts as this. Learned from the baseline when absent.",
    )
    key: str = Field(
        default="", description="Categorical column by which labels find events; the event id when empty."
    )
    propensity: str = Field(
        default="",
        description="Numeric column with the probability that an event gets a label, or `label` when every "
        "label brings its own; empty: all alike.",
    )
    kpis: tuple[Kpi, ...] = Field(default=(), description="Business figures to follow.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        allowed = PRIMARY_METRICS[self.task]
        kpis = [kpi.name for kpi in self.kpis]
        twice = sorted({name for name in kpis if kpis.count(name) > 1})
        if twice:
            raise ValueError(f"kpi names must be unique; given twice: {', '.join(twice)}")
        if self.task == "kpi" and not kpis:
            raise ValueError("task kpi needs at least one entry in kpis")
        if self.metric and self.metric not in (*allowed, *kpis):
            raise ValueError(
                f"metric {self.metric!r} cannot decide decay of {self.task}; "
                f"one of {', '.join((*allowed, *kpis))} can"
            )
        if self.task == "verification" and self.threshold is None:
            raise ValueError("verification needs the threshold from which two are taken for the same")
        for level in self.far_levels:
            if not 0 < level < 1:
                raise ValueError(f"far_levels lie between 0 and 1, got {level:g}")
        return self

    @property
    def primary(self) -> str:
        """The metric that decides decay."""
        return self.metric or (PRIMARY_METRICS[self.task] or tuple(kpi.name for kpi in self.kpis))[0]

    def classes(self, known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Classes that ``scores`` gives a column, in its order; else those of the prediction field."""
        return tuple(self.scores) or known

    def check_columns(
        self, prediction: str, kinds: Mapping[str, Literal["numeric", "categorical"]], raw: Collection[str]
    ) -> None:
        """Check that every column named here exists and is of the kind it needs to be.

        Parameters
        ----------
        prediction
            The contract's, in place of an empty one here.
        kinds
            Kind of every column, by name.
        raw
            Fields that are stored raw.

        Raises
        ------
        ValueError
            A column is absent or of another kind.
        """
        needed: list[tuple[str, str, str]] = [
            *(("scores", name, "numeric") for name in self.scores.values()),
            *(("kpis", kpi.column, "numeric") for kpi in self.kpis if kpi.column),
        ]
        if self.confidence:
            needed.append(("confidence", self.confidence, "numeric"))
        if self.key:
            needed.append(("key", self.key, "categorical"))
        if self.propensity and self.propensity != LABELLED_WITH:
            needed.append(("propensity", self.propensity, "numeric"))
        answer = self.prediction or prediction
        if self.task in ("classification", "regression", "verification"):
            needed.append(
                ("prediction", answer, "categorical" if self.task == "classification" else "numeric")
            )
        elif self.task != "kpi" and kinds.get(answer) != "categorical" and answer not in raw:
            raise ValueError(
                f"quality.prediction {answer!r} must be a categorical column or a field with store_raw: "
                f"{self.task} is measured on what it says"
            )
        for what, name, kind in needed:
            if kinds.get(name) != kind:
                known = ", ".join(column for column, one in kinds.items() if one == kind) or "none"
                raise ValueError(
                    f"quality.{what} {name!r} is not a {kind} column; {kind} columns are {known}"
                )
