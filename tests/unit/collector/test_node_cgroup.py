"""Cgroup v2 trees as folders, and the names of containers, as the kernel and the kubelet lay them out."""

from __future__ import annotations

import os
from math import inf, isnan
from pathlib import Path

import psutil
import pytest

from collector.node.cgroup import CgroupTree
from collector.node.containers import ContainerNames, cgroup_path, container_id
from collector.node.reading import Container, Owner
from collector.node.use import InstanceMeter, read_instance
from collector.node.workloads import Instance
from tests.node_trees import make_cgroup, put_process

ID = "c0ffee" + "0" * 58
POD = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d.slice"
SCOPE = f"cri-containerd-{ID}.scope"


def test_figures_of_a_container(tmp_path: Path) -> None:
    make_cgroup(tmp_path, f"{POD}/{SCOPE}", (11, 12), memory_max="2147483648", cpu_max="150000 100000")
    reading = CgroupTree(tmp_path).read(f"/{POD}/{SCOPE}")
    assert reading is not None
    assert (reading.usage_seconds, reading.throttled_seconds) == (1.0, 0.25)
    assert (reading.memory_bytes, reading.memory_limit_bytes) == (600_000.0, 2.0 * 2**30)
    assert (reading.cpu_limit_cores, sorted(reading.pids)) == (1.5, [11, 12])


def test_without_limits_they_are_infinite_and_without_files_unknown(tmp_path: Path) -> None:
    folder = make_cgroup(tmp_path, "a/b", (11,))
    reading = CgroupTree(tmp_path).read("/a/b")
    assert reading is not None
    assert (reading.memory_limit_bytes, reading.cpu_limit_cores) == (inf, inf)
    for name in ("memory.current", "memory.max", "cpu.max"):
        (folder / name).unlink()
    (folder / "cpu.stat").write_text("usage_usec 5\nnonsense\nthrottled_usec x\n")
    reading = CgroupTree(tmp_path).read("/a/b")
    assert reading is not None
    assert reading.usage_seconds == 5e-6
    assert isnan(reading.memory_bytes)
    assert isnan(reading.memory_limit_bytes)
    assert isnan(reading.cpu_limit_cores)
    assert isnan(reading.throttled_seconds)


@pytest.mark.parametrize("path", ["/", "", "/gone", "/../..", "/a/../../etc"])
def test_the_root_and_what_is_gone_give_nothing(tmp_path: Path, path: str) -> None:
    make_cgroup(tmp_path, "a", (11,))
    assert CgroupTree(tmp_path).read(path) is None


def test_version_1_gives_nothing(tmp_path: Path) -> None:
    make_cgroup(tmp_path, "a", (11,))
    (tmp_path / "cgroup.controllers").unlink()
    assert CgroupTree(tmp_path).read("/a") is None


def test_a_path_seen_from_another_namespace_is_found_by_its_last_name(tmp_path: Path) -> None:
    make_cgroup(tmp_path, f"{POD}/{SCOPE}", (11,), usage_usec=7_000_000)
    make_cgroup(tmp_path, "x/init.scope")
    make_cgroup(tmp_path, "y/init.scope")
    tree = CgroupTree(tmp_path)
    reading = tree.read(f"/../../kubepods-burstable-pod0a1b2c3d.slice/{SCOPE}")
    assert reading is not None
    assert reading.usage_seconds == 7.0
    assert tree.read("/../init.scope") is None, "a name that is found twice tells nothing"
    make_cgroup(tmp_path, "late/cri-containerd-beef.scope")
    assert tree.read("/../cri-containerd-beef.scope") is None, "searched once a round"
    tree.begin_round()
    assert tree.read("/../cri-containerd-beef.scope") is not None


def test_paths_and_ids_of_processes(tmp_path: Path) -> None:
    put_process(tmp_path, 11, "4:memory:/other", f"0::/{POD}/{SCOPE}")
    put_process(tmp_path, 12, f"4:memory:/docker/{ID}", "0::/")
    put_process(tmp_path, 13, "4:memory:/user.slice")
    assert (cgroup_path(tmp_path, 11), container_id(tmp_path, 11)) == (f"/{POD}/{SCOPE}", ID)
    assert (cgroup_path(tmp_path, 12), container_id(tmp_path, 12)) == ("/", ID)
    assert (cgroup_path(tmp_path, 13), container_id(tmp_path, 13)) == (None, None)
    assert (cgroup_path(tmp_path, 99), container_id(tmp_path, 99)) == (None, None)


def test_names_of_containers_come_from_links_and_lists(tmp_path: Path) -> None:
    names = ContainerNames(tmp_path)
    assert names.name(ID) is None
    (tmp_path / f"ocr-7c9d8-abcde_vision_ocr-server-{ID}.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "junk.log").write_text("")
    assert names.name(ID) is None, "one look a round"
    names.begin_round()
    assert names.name(ID) == Container("vision", "ocr-7c9d8-abcde", "ocr-server")
    other = "d" * 64
    names.tell({other: Container("speech", "asr-0", "server")})
    assert names.name(other) == Container("speech", "asr-0", "server")
    assert ContainerNames(tmp_path / "none").name(ID) is None


def me(*, whole_containers: bool = False) -> Instance:
    return Instance(Owner("m", "i"), (psutil.Process(os.getpid()),), {}, whole_containers)


def test_a_cgroup_counts_as_own_only_when_nobody_else_is_in_it(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    root.mkdir()
    put_process(proc, os.getpid(), "0::/app")
    stranger = os.getppid()
    make_cgroup(root, "app", (os.getpid(), stranger))
    shared = read_instance(me(), proc, CgroupTree(root))
    assert (len(shared.cgroups), len(shared.processes)) == (0, 1)
    make_cgroup(root, "app", (os.getpid(),))
    own = read_instance(me(), proc, CgroupTree(root))
    assert (len(own.cgroups), len(own.processes)) == (1, 0)
    # Found by its pod, everything in the container is its own.
    make_cgroup(root, "app", (os.getpid(), stranger))
    assert len(read_instance(me(whole_containers=True), proc, CgroupTree(root)).cgroups) == 1


def test_use_by_cgroup_between_two_readings(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    root.mkdir()
    put_process(proc, os.getpid(), "0::/app")
    make_cgroup(root, "app", (os.getpid(),), usage_usec=1_000_000, cpu_max="200000 100000")
    tree, meter = CgroupTree(root), InstanceMeter()
    assert meter.measure(read_instance(me(), proc, tree), 1000.0) is None
    make_cgroup(
        root, "app", (os.getpid(),), usage_usec=3_500_000, throttled_usec=750_000, cpu_max="200000 100000"
    )
    use = meter.measure(read_instance(me(), proc, tree), 1010.0)
    assert use is not None
    assert (use.cpu_seconds, use.throttled_seconds, use.memory_bytes) == (2.5, 0.5, 600_000.0)
    assert (use.cpu_limit_cores, use.memory_limit_bytes, use.source) == (2.0, inf, "cgroup")


def test_memory_that_the_kernel_does_not_account_is_that_of_the_processes(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    root.mkdir()
    put_process(proc, os.getpid(), "0::/app")
    (make_cgroup(root, "app", (os.getpid(),)) / "memory.current").unlink()
    ((cgroup, _),) = read_instance(me(), proc, CgroupTree(root)).cgroups
    assert cgroup.memory_bytes > 2**20
