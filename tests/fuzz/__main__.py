"""The long run: ``python -m tests.fuzz [--runs N] [--folder F] [TARGET…]``; exits with 1 on a finding."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import time
from pathlib import Path

from driftline.logs import configure_logs
from tests.fuzz.loop import Finding, run_mutations
from tests.fuzz.targets import TARGETS

_DONE = re.compile(r"Done (\d+) runs")
_COVERED = re.compile(r"cov: (\d+)")
_LONGEST_INPUT = 8192
_SLOWEST_SECONDS = 10
_MEMORY_MIB = 1024


def main() -> int:
    """Run the targets one after the other and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=[], help=f"of {', '.join(TARGETS)}; default all")
    parser.add_argument("--runs", type=int, default=20_000, help="inputs for each target")
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="where atheris keeps its inputs")
    arguments = parser.parse_args()
    configure_logs("error")  # what is refused is logged, and nearly all is
    has_atheris = importlib.util.find_spec("atheris") is not None
    print("atheris" if has_atheris else "seeded mutations: atheris is not installed (extra: fuzz)")
    total = found = 0
    for name in arguments.targets or TARGETS:
        began = time.monotonic()
        runs, note = _atheris(name, arguments) if has_atheris else _mutations(name, arguments.runs)
        total += runs
        found += runs < arguments.runs
        print(f"{name:15} {runs:8} runs {time.monotonic() - began:6.1f} s  {note}", flush=True)
    print(f"{total} runs, {found} targets with findings")
    return 1 if found else 0


def _atheris(name: str, arguments: argparse.Namespace) -> tuple[int, str]:
    command = [sys.executable, "-m", "tests.fuzz.atheris_runner", name, str(arguments.folder)]
    options = [
        f"-runs={arguments.runs}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_SLOWEST_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MIB}",
    ]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    done, covered = _DONE.search(ended.stderr), _COVERED.findall(ended.stderr)
    if ended.returncode == 0 and done is not None:
        return int(done[1]), f"{covered[-1] if covered else '?'} edges covered"
    return 0, (ended.stdout + ended.stderr)[-3000:]


def _mutations(name: str, runs: int) -> tuple[int, str]:
    try:
        return run_mutations(TARGETS[name], runs=runs, seed=time.time_ns()), ""
    except Finding as finding:
        return 0, str(finding)


if __name__ == "__main__":
    sys.exit(main())
