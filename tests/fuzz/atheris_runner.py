"""One target under atheris: ``python -m tests.fuzz.atheris_runner TARGET FOLDER [libFuzzer's options]``.

The folder keeps the inputs that reached something new; what a target does not survive is written there as
``crash-…``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["collector", "driftline", "httptools", "hpack", "hyperframe"]):
    from driftline.logs import configure_logs
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Write the seeds and fuzz until the options' limit; never returns."""
    configure_logs("error")  # what is refused is logged, and nearly all is
    name, folder, *options = sys.argv[1:]
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={corpus}/", *options], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
