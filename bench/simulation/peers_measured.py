"""What the peers themselves do by default: figures quoted, not measured here.

Measured 2026-11 on one machine with the packages named: 20 numeric and 5 categorical fields (3 to 200
values), reference of 10,000 rows, windows of 1,000 rows; the month is hourly checks of 500 rows.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "reference, measured 2026-11"


@dataclass(frozen=True, slots=True)
class Measured:
    """One tool at its defaults.

    Attributes
    ----------
    flagged
        Unchanged fields flagged a check.
    checks
        Checks with at least one false field.
    month
        Fields that ever alarmed in an unchanged month of hourly checks.
    power
        Share of changes found in one window: .1, .2, .5 sigma, 5 points between two of 8 categories.
    """

    tool: str
    flagged: str
    checks: str
    month: str
    power: str


MEASURED = (
    Measured("Evidently 0.7.23", "5.6% (categorical 25%)", "100%", "92%", ".40 / 1 / 1, 0"),
    Measured("whylogs 1.6.4", "10.7% (categorical 35%)", "100%", "100%", ".62 / 1 / 1, .90 (p < .05)"),
    Measured("NannyML 0.13.1", "7.4%", "85%", "96%", ".27 / .99 / 1, .77"),
    Measured("Alibi-Detect 0.13, a field", "5.9%", "78%", "100%", ".25 / .97 / 1, .61 (Bonferroni)"),
    Measured("Frouros, p < .05", "5.9%", "78%", "100%", ".62 / 1 / 1, .90 (p < .05)"),
    Measured("Frouros, p <= .001", "0.1%", "2.5%", "44%", ".18 / .92 / 1, .52"),
    Measured("PSI > .2", "4% (categorical 20%)", "100%", "12%", "0 / 0 / .93, 0"),
)
