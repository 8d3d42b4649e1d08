"""One field over a range of windows, as ``driftline explain --since`` prints it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from driftline.readmodel.explained_range import ExplainedRange, Moments
from service.cli.explained_tables import print_bins, print_measures
from service.cli.output import table


def print_range(out: Console, found: ExplainedRange) -> None:
    """Print the words, where the values lie, the bins and the figures."""
    of = f" of version {escape(found.version)}" if found.version else ""
    out.print(
        f"[bold]{escape(found.field)}[/]{of}: {found.windows:,} "
        f"window{'' if found.windows == 1 else 's'} from {found.first_window:%Y-%m-%d %H:%M:%S} to "
        f"{found.end:%Y-%m-%d %H:%M:%S} UTC"
    )
    for sentence in found.words:
        out.print(Padding(escape(sentence), (0, 0, 0, 2)))
    out.print()
    shown = table("where its values lie", "", "rows", "worth", "mean", "std", "minimum", "maximum")
    name = f"baseline {escape(found.baseline_name)}".rstrip()
    shown.add_row(
        name, f"{found.baseline_rows:,}", _number(found.baseline_effective_rows), *_moments(found.baseline)
    )
    shown.add_row("range", f"{found.rows:,}", _number(found.effective_rows), *_moments(found.current))
    out.print(shown)
    out.print()
    print_bins(out, "shares of the bins", found.bins)
    print_measures(out, found.rates, [(one, "bins") for one in found.statistics])


def _moments(of: Moments) -> tuple[str, str, str, str]:
    mean, std, minimum, maximum = (
        "–" if value is None else f"{value:.6g}" for value in (of.mean, of.std, of.minimum, of.maximum)
    )
    return mean, std, minimum, maximum


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
