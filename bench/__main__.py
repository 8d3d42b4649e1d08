"""``python -m bench [NAME...]``: run benchmarks and print one JSON line a result, after one for the machine.

Every figure stands beside a baseline measured in the same run: machines differ and are shared.
"""

from __future__ import annotations

import importlib
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
    "multivariate",
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
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        print(f"bench: no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    configure_logs("warning")
    print(json.dumps(machine()), flush=True)
    missed = False
    for name in names or BENCHES:
        for result in importlib.import_module(f"bench.{name}").run():
            print(json.dumps(result), flush=True)
            missed |= result.get("met") is False
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
