"""``python -m bench.simulation``: simulate months and changes, resumably, and print their tables."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# One thread a process: several processes would fight over the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench.simulation.kinds import KINDS
from bench.simulation.records import load, procedure_version
from bench.simulation.runner import run
from bench.simulation.table import tables
from bench.simulation.units import planned

FORMS = ("month", "power", "peers", "peer_power")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("simulation.jsonl"), help="file of results")
    parser.add_argument("--forms", default=",".join(FORMS), help=f"of {', '.join(FORMS)}")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--baselines", default="history,day,file")
    parser.add_argument(
        "--months", type=int, help="months a kind (runs a change); else what the kind asks for"
    )
    parser.add_argument("--start", type=int, default=0, help="number of the first month")
    parser.add_argument("--only", type=int, help="this month alone")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing after that long")
    parser.add_argument("--table", action="store_true", help="print the tables of --out and simulate nothing")
    parser.add_argument("--procedure", default="", help="tables of this version instead of the present one")
    given = parser.parse_args()
    if given.table:
        print(tables(load(given.out), given.procedure or procedure_version()))
        return
    start, months = (given.start, given.months) if given.only is None else (given.only, given.only + 1)
    units = planned(given.forms.split(","), given.kinds.split(","), given.baselines.split(","), months, start)
    done = run(units, given.out, processes=given.processes, minutes=given.minutes)
    print(f"{done} of {len(units)} units done now; {given.out} holds {len(load(given.out))} results")


if __name__ == "__main__":
    main()
