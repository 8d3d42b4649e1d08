"""Folders that look like a cgroup v2 tree and like ``/proc``."""

from __future__ import annotations

from pathlib import Path


def make_cgroup(
    root: Path,
    path: str,
    pids: tuple[int, ...] = (),
    *,
    usage_usec: int = 1_000_000,
    throttled_usec: int = 250_000,
    current: str = "1000000",
    inactive_file: int = 400_000,
    memory_max: str = "max",
    cpu_max: str = "max 100000",
) -> Path:
    """A cgroup as the kernel shows it."""
    (root / "cgroup.controllers").write_text("cpu memory\n")
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    (folder / "cpu.stat").write_text(
        f"usage_usec {usage_usec}\nuser_usec 1\nsystem_usec 1\nnr_periods 9\nnr_throttled 2\n"
        f"throttled_usec {throttled_usec}\n"
    )
    (folder / "memory.current").write_text(current + "\n")
    (folder / "memory.stat").write_text(f"anon 600000\nfile 400000\ninactive_file {inactive_file}\n")
    (folder / "memory.max").write_text(memory_max + "\n")
    (folder / "cpu.max").write_text(cpu_max + "\n")
    return folder


def put_process(proc: Path, pid: int, *lines: str) -> None:
    """What ``/proc/PID/cgroup`` says of a process."""
    (proc / str(pid)).mkdir(parents=True, exist_ok=True)
    (proc / str(pid) / "cgroup").write_text("".join(f"{line}\n" for line in lines))
