"""Pages of the gate: what was found about a candidate, also as one file for a build's artefacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import Response

from dashboards.web.formats import figure, percent, signed
from dashboards.web.pages import page_response, rendered
from driftline.quality_metrics import metric_of
from driftline.readmodel.gates import GateAnswer, GateFigure, GateReport

TONES: Final = {"pass": "healthy", "fail": "decaying", "undecided": "watch", "no_evidence": "idle"}
"""Colour of a verdict: that of the status that is as good or bad."""

SHOWN_METRICS: Final = 40

_STATIC = Path(__file__).parent / "static"

router = APIRouter(include_in_schema=False)


class GateSource(Protocol):
    """Asks the gate; the service passes it in, this room does not know detectors."""

    def answer(self, model: str, version: str) -> GateAnswer:
        """The newest report about a candidate, with who let it through."""

    def reports(self, model: str) -> Sequence[GateReport]:
        """Reports of a model, the newest first."""


@dataclass(frozen=True)
class GateView:
    """What the template shows of one answer."""

    answer: GateAnswer

    @property
    def report(self) -> GateReport:
        return self.answer.report

    def figures(self) -> tuple[GateFigure, ...]:
        """Metrics of both, without those that neither has."""
        known = [one for one in self.report.figures if one.champion is not None or one.candidate is not None]
        return tuple(known[:SHOWN_METRICS])

    def label(self, one: GateFigure) -> str:
        """Name of a metric, with its class."""
        return metric_of(one.metric).label + (f" of {one.class_name}" if one.class_name else "")

    def value(self, metric: str, amount: float | None) -> str:
        """A value in the metric's unit."""
        return percent(amount, 2) if metric_of(metric).unit == "share" else figure(amount, 4)

    def difference(self, metric: str, one: GateFigure) -> str:
        """Candidate less champion; of shares in points."""
        if one.candidate is None or one.champion is None:
            return signed(None)
        gained = one.candidate - one.champion
        return signed(100 * gained) if metric_of(metric).unit == "share" else signed(gained, 4)


def gate_report_html(answer: GateAnswer) -> str:
    """The report as one HTML file that loads nothing."""
    style = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in ("style.css", "versions.css"))
    return rendered("gate_report.html", {"view": GateView(answer), "tones": TONES, "style": style})


def mount_gate_pages(app: FastAPI, source: GateSource) -> None:
    """Add the pages to ``app``, which has the other pages and their files."""
    app.state.gate_source = source
    app.include_router(router)


def _source(request: Request) -> GateSource:
    source: GateSource = request.app.state.gate_source
    return source


Source = Annotated[GateSource, Depends(_source)]


@router.get("/models/{model}/gates")
def gates_page(request: Request, source: Source, model: str) -> Response:
    """Every report about candidates of a model."""
    return page_response(
        request, "gates.html", {"model": model, "reports": source.reports(model), "tones": TONES}
    )


@router.get("/models/{model}/gates/{version}")
def gate_page(request: Request, source: Source, model: str, version: str) -> Response:
    """Whether a candidate may be deployed."""
    view = GateView(source.answer(model, version))
    return page_response(request, "gate.html", {"view": view, "tones": TONES})
