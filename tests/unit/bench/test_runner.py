"""A simulation can be interrupted, resumed and put in a table."""

from __future__ import annotations

import json
from pathlib import Path

from bench.simulation.records import Unit, done, load, procedure_version
from bench.simulation.runner import run
from bench.simulation.table import tables
from bench.simulation.units import planned, simulate

UNITS = planned(["month"], ["sparse"], ["file"], months=2)


def test_units_serve_every_kind_alike() -> None:
    units = planned(["month", "peers"], ["iid", "daily"], ["history", "file"], months=2)
    assert len(units) == len(set(units)) == 12
    assert {(u.form, u.kind, u.baseline) for u in units[:6]} == {
        (form, *rest)
        for form in ("month", "peers")
        for rest in (("iid", "history"), ("iid", "file"), ("daily", "history"))
    }
    assert planned(["month"], ["iid"], ["file"], 8, start=7) == [Unit("month", "iid", "file", 7)]


def test_a_run_resumes_and_repeats_itself(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run(UNITS[:1], out) == 1
    with out.open("a") as torn:
        torn.write('{"form": "peers", "ki')
    out.write_text(out.read_text() + "\n")
    assert run(UNITS, out) == len(UNITS) - 1
    assert run(UNITS, out) == 0
    records = load(out)
    assert done(records, procedure_version()) == set(UNITS)
    again = simulate(UNITS[1])
    kept = next(r for r in records if (r["baseline"], r["number"]) == (UNITS[1].baseline, UNITS[1].number))
    assert kept["alarms"] == again["alarms"]


def test_time_is_bounded(tmp_path: Path) -> None:
    assert run(UNITS, tmp_path / "out.jsonl", minutes=-1) == 0


def test_tables_hold_what_was_found(tmp_path: Path) -> None:
    alarm = {
        "field": 3,
        "segment": -1,
        "window": 17,
        "windows": 2,
        "score": "location",
        "scale": 4,
        "evidence": 6.1,
        "threshold": 5.5,
        "effect": 0.2,
    }
    unit = {"form": "month", "kind": "iid", "baseline": "file", "change": "", "procedure": "v"}
    seconds = {"drawing_s": 0.5, "judging_s": 0.25}
    records = [
        unit | seconds | {"number": i, "alarms": [alarm] if i == 5 else [], "margin": -0.4}
        for i in range(200)
    ]
    records += [r | {"procedure": "older", "alarms": [alarm]} for r in records]
    power = unit | {"form": "power", "change": "shift .2 sigma", "number": 0, "delays": [1, 3, 4, None]}
    out = tmp_path / "out.jsonl"
    out.write_text("\n".join(json.dumps(record) for record in [*records, power, power]))
    text = tables(load(out), "v")
    assert "| independent rows | file | 1/200 | 0.0% – 2.8% | 1 | -0.40 sd |" in text
    assert "| iid | file | 5 | 3 | location | 4 | 6.10 of 5.50 | +0.200 | 17 +2 |" in text
    assert "| shift .2 sigma | iid | file | 50.0% of 4 | 3 | 6.8% – 93.2% | 3.5 | 75.0% |" in text
    assert "0.50 to draw, 0.25 to judge" in text
