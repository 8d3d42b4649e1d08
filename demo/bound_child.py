"""Run a module that ends with its parent: ``python -m demo.bound_child PARENT_PID MODULE ARGUMENT…``."""

from __future__ import annotations

import os
import sys

from driftline.engine.child import die_with_parent


def main() -> None:
    """Ask for SIGTERM at the parent's death (kept over exec), then become the module."""
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    main()
