"""``python -m bench [NAME...] [--quick]``: run benchmarks and print one JSON line a result, after one for the
machine. ``--quick`` makes those smaller that can be.

Every figure stands beside a baseline measured in the same run: machines differ and are shared.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import platform
import sys
from datetime import UTC, datetime

from driftline.logs import configure_logs

BENCHES = (
    "check",
    "replay",
    "ingest",
    "codecs",
    "worker",
    "splice",
    "shipping",
    "triton_faults",
    "client",
    "evidence",
    "decay",
    "fleet",
    "multivariate",
    "labels",
    "streams",
    "quality",
    "estimates",
    "demo",
)


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def main(names: list[str]) -> int:
    """Run the named benchmarks, all without names; exit code 1 when a bar was missed."""
    quick = "--quick" in names
    names = [name for name in names if name != "--quick"]
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        print(f"bench: no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    configure_logs("warning")
    print(json.dumps(machine()), flush=True)
    missed = False
    for name in names or BENCHES:
        run = importlib.import_module(f"bench.{name}").run
        can_be_small = "quick" in inspect.signature(run).parameters
        for result in run(quick=True) if quick and can_be_small else run():
            print(json.dumps(result), flush=True)
            missed |= result.get("met") is False
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
