"""``driftline quality``"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from driftline.contract_store import ContractStore
from driftline.errors import InvalidInput
from driftline.quality_metrics import metric_of
from driftline.readmodel.performance import Performance
from driftline.readmodel.quality import VersionQuality, model_quality
from driftline.store.opening import open_store
from service.cli.explained_loss import print_loss
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, print_json, table
from service.moments import parse_moment


def command(
    model: ModelArgument,
    version: Annotated[str, typer.Option(help="Only this version.")] = "",
    why: Annotated[
        bool,
        typer.Option(
            "--why", help="Which fields and segments explain how the loss differs from the baseline's."
        ),
    ] = False,
    since: Annotated[
        str,
        typer.Option(
            help="With --why: begin of the range to explain; 24 windows before its end when absent.",
            metavar="TIME",
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            help="With --why: its end; that of the newest window with labels when absent.", metavar="TIME"
        ),
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how good a model is: figures from labels, and estimates without.

    The figures are those of the newest window that has any, with 95% intervals, beside the baseline's.
    With --why: which fields and segments explain the change of the loss against the baseline.
    """
    from service.loss_attribution import LossQuestion, loss_explanation

    first, last = (
        parse_moment(text, name) if text else None for text, name in ((since, "--since"), (until, "--until"))
    )
    if (first or last) and not why:
        raise InvalidInput(
            "--since and --until need --why: figures of quality are those of the newest window"
        )
    settings = settings_for_command(config)
    if why:
        with open_store(settings) as store:
            found = loss_explanation(store, settings, LossQuestion(model, version, first, last))
        if as_json:
            print_json(found)
        else:
            print_loss(console(), found)
        return
    with open_store(settings) as store:
        ContractStore(store).required(model)
        report = model_quality(store, model, datetime.now(UTC))
    if as_json:
        print_json(report)
        return
    shown = [one for one in report.versions if not version or one.version == version]
    if not shown:
        console().print(
            f"no figure of quality is known of {model}: deliver labels with `driftline labels {model} FILE`, "
            "or give its baseline labels, so that quality can be estimated"
        )
    for one in shown:
        _print(model, one)


def _print(model: str, quality: VersionQuality) -> None:
    out = console()
    for sentence in quality.words:
        out.print(sentence)
    if quality.decisive is not None:
        window = f"{quality.window_start:%Y-%m-%d %H:%M}" if quality.window_start else ""
        shown = table(f"{model} version {quality.version}, window of {window}", *_COLUMNS)
        for figure in (quality.decisive, *quality.figures, *quality.classes):
            shown.add_row(*_row(figure, figure.class_name))
        out.print(shown)
    if quality.segments:
        parts = table(f"{metric_of(quality.segments[0].metric).label} by segment, worst first", *_COLUMNS)
        for figure in quality.segments[:20]:
            parts.add_row(*_row(figure, figure.segment))
        out.print(parts)
    if quality.estimates:
        estimated = table("estimates without labels", "estimator", *_COLUMNS)
        for figure in quality.estimates:
            estimated.add_row(figure.basis.upper(), *_row(figure, figure.class_name))
        out.print(estimated)


_COLUMNS = ("metric", "of", "value", "95% interval", "baseline", "labels", "status")


def _row(figure: Performance, of: str) -> tuple[str, ...]:
    metric = metric_of(figure.metric)
    status = "" if figure.status == "reported" else figure.status
    return (
        metric.label,
        of,
        metric.text(figure.value),
        f"{metric.text(figure.lower)} to {metric.text(figure.upper)}",
        metric.text(figure.baseline_value) if figure.baseline_value is not None else "–",
        f"{figure.labelled:,}" if not figure.basis else "–",
        status or (figure.reason if figure.value is None else ""),
    )


command.__name__ = "quality"
