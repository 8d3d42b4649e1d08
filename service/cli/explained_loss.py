"""Why a loss changed, as ``driftline quality MODEL --why`` prints it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from driftline.readmodel.loss_explanation import LossExplanation, LossPart
from service.cli.output import table

MOST_SHOWN = 12


def print_loss(out: Console, found: LossExplanation) -> None:
    """Print the words, and what each segment and field says on its own."""
    of = f" version {escape(found.version)}" if found.version else ""
    out.print(
        f"[bold]{escape(found.model)}[/]{of}: {found.status.replace('_', ' ')}"
        f"{_basis(found)}, {found.now.since:%Y-%m-%d %H:%M:%S} to {found.now.until:%Y-%m-%d %H:%M:%S} UTC"
    )
    for sentence in found.words:
        out.print(Padding(escape(sentence), (0, 0, 0, 2)))
    if found.segments:
        out.print()
        shown = table("segments", "segment", "rows", "loss", "from its share", "from its loss")
        for one in found.segments[:MOST_SHOWN]:
            shown.add_row(
                f"{escape(one.column)}={escape(one.value)}",
                f"{_share(one.share_before)} to {_share(one.share_now)}",
                f"{_number(one.loss_before)} to {_number(one.loss_now)}",
                _part(one.mix),
                _part(one.within),
            )
        out.print(shown)
    if found.fields:
        out.print()
        shown = table(
            "fields, each on its own", "field", "from moved values", "at the same values", "most where"
        )
        for field in found.fields[:MOST_SHOWN]:
            shown.add_row(
                escape(field.column), _part(field.moved), _part(field.within), escape(field.region) or "–"
            )
        out.print(shown)


def _basis(found: LossExplanation) -> str:
    if not found.basis:
        return ""
    what = "labels" if found.basis == "realised" else f"{found.basis.upper()}, an estimate without labels"
    return f" ({found.metric} from {what})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _part(part: LossPart) -> str:
    if part.value is None or part.lower is None or part.upper is None:
        return "–"
    return f"{part.value:+.3g} ({part.lower:+.3g} to {part.upper:+.3g})"
