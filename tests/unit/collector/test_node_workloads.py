"""Who serves what: by pid, command and pod, and whose a container is that an exporter names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.node.containers import ContainerNames
from collector.node.reading import Container, Owner, Reading, Round, ServingProcess
from collector.node.sources.gpushare import GpushareSource
from collector.node.workloads import Finder, Serving, owner_of_pod
from driftline.node_settings import Workload
from tests.node_trees import put_process

OCR, ASR = Container("vision", "ocr-7c9d8-abcde", "server"), Container("speech", "asr-0", "server")
IDS = {OCR: "a" * 64, ASR: "b" * 64}

SERVER = f"serve-ocr-{os.getpid()}"
"""Unlike that of another test process on this machine."""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", SERVER])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def names(tmp_path: Path) -> ContainerNames:
    logs = tmp_path / "logs"
    logs.mkdir()
    for container, identity in IDS.items():
        name = f"{container.pod}_{container.namespace}_{container.container}-{identity}.log"
        (logs / name).symlink_to("nowhere")
    return ContainerNames(logs)


def put(proc: Path, pid: int, container: Container) -> None:
    put_process(proc, pid, f"0::/kubepods.slice/cri-containerd-{IDS[container]}.scope")


def find(proc: Path, names: ContainerNames, *workloads: Workload) -> Serving:
    return Finder(workloads, "n1", proc, names).find()


def test_a_pods_processes_and_its_name_in_exporters(
    tmp_path: Path, names: ContainerNames, sleeper: subprocess.Popen[bytes]
) -> None:
    put(tmp_path, sleeper.pid, OCR)
    workload = Workload(model="{app}", pod="(?P<app>ocr|asr)-.*", container="server")
    serving = find(tmp_path, names, workload)
    (instance,) = serving.instances
    assert (instance.owner, instance.container) == (Owner("ocr", OCR.pod), OCR)
    assert instance.whole_containers
    assert serving.owner_of(sleeper.pid) == Owner("ocr", OCR.pod)
    assert serving.owner_of(OCR) == Owner("ocr", OCR.pod)
    # Only an exporter knows of this one, and it says which pod it is.
    assert serving.owner_of(ASR) == Owner("asr", "asr-0")
    assert serving.owner_of(Container("speech", "asr-0", "proxy")) is None
    assert serving.owner_of(os.getpid()) is None


def test_a_command_finds_its_pod_and_owns_the_container(
    tmp_path: Path, names: ContainerNames, sleeper: subprocess.Popen[bytes]
) -> None:
    put(tmp_path, sleeper.pid, OCR)
    serving = find(tmp_path, names, Workload(model="ocr", command=SERVER))
    (instance,) = serving.instances
    assert instance.owner == Owner("ocr", OCR.pod)
    assert not instance.whole_containers
    assert serving.owner_of(OCR) == serving.owner_of(Container("vision", OCR.pod)) == instance.owner


def test_in_no_pod_an_instance_is_named_after_the_node(
    tmp_path: Path, names: ContainerNames, sleeper: subprocess.Popen[bytes]
) -> None:
    serving = find(
        tmp_path, names, Workload(model="ocr", pid=sleeper.pid), Workload(model="x", pid=2**22 - 1)
    )
    (instance,) = serving.instances
    assert (instance.owner, instance.container) == (Owner("ocr", "n1"), None)


def test_a_process_belongs_to_the_first_that_claims_it_and_parts_of_one_instance_are_joined(
    tmp_path: Path, names: ContainerNames, sleeper: subprocess.Popen[bytes]
) -> None:
    by_pid = Workload(model="ocr", instance="i", pid=sleeper.pid)
    by_command = Workload(model="late", command=SERVER)
    assert [one.owner.model for one in find(tmp_path, names, by_pid, by_command).instances] == ["ocr"]
    me = Workload(model="ocr", instance="i", pid=os.getpid())
    (joined,) = find(tmp_path, names, by_pid, me).instances
    assert {process.pid for process in joined.processes} >= {sleeper.pid, os.getpid()}


def test_two_instances_in_one_container_cannot_be_told_apart_by_it(
    tmp_path: Path, names: ContainerNames, sleeper: subprocess.Popen[bytes]
) -> None:
    put(tmp_path, sleeper.pid, OCR)
    put(tmp_path, os.getpid(), OCR)
    serving = find(
        tmp_path, names, Workload(model="one", pid=sleeper.pid), Workload(model="two", pid=os.getpid())
    )
    assert serving.owner_of(OCR) is None
    assert serving.owner_of(sleeper.pid) == Owner("one", OCR.pod)


def test_a_container_of_which_another_claims_a_process_is_not_whole(
    tmp_path: Path, names: ContainerNames, sleeper: subprocess.Popen[bytes]
) -> None:
    put(tmp_path, sleeper.pid, OCR)
    put(tmp_path, os.getpid(), OCR)
    serving = find(
        tmp_path, names, Workload(model="one", pid=sleeper.pid), Workload(model="rest", pod="ocr-.*")
    )
    assert [(one.owner.model, one.whole_containers) for one in serving.instances] == [
        ("one", False), ("rest", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("workload", "container", "owner"),
    [
        (Workload(model="m", pod="ocr-.*"), OCR, Owner("m", OCR.pod)),
        (Workload(model="m", pod="ocr"), OCR, None),
        (Workload(model="m", pod=".*", namespace="speech"), OCR, None),
        (Workload(model="m", pod=".*", container="serv.*"), OCR, Owner("m", OCR.pod)),
        (Workload(model="m", pod=".*", container="server"), Container("vision", OCR.pod), None),
        (Workload(model="m", pod=".*", instance="all"), OCR, Owner("m", "all")),
        # The pattern leaves a name that no model may have.
        (Workload(model="{x}", pod="(?P<x>q)?.*"), OCR, None),
    ],
)
def test_whose_a_pod_is(workload: Workload, container: Container, owner: Owner | None) -> None:
    assert owner_of_pod((workload,), container) == owner


def read_gpushare(source: GpushareSource, *processes: ServingProcess) -> Reading:
    return source.read(Round(0.0, 0.0, processes))


def test_gpushare_reads_each_environment_once_and_each_container_once(tmp_path: Path) -> None:
    words = (
        b"PATH=/bin\0ALIYUN_COM_GPU_MEM_IDX=1\0ALIYUN_COM_GPU_MEM_CONTAINER=6\0ALIYUN_COM_GPU_MEM_DEV=15\0"
    )
    for pid in (7, 8, 9):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "environ").write_bytes(words if pid != 9 else b"PATH=/bin\0\xff=\xfe\0")
    owner = Owner("ocr", "i")
    processes = [ServingProcess(owner, pid, 1.0, OCR) for pid in (7, 8, 9, 10)]
    source = GpushareSource(tmp_path)
    for _ in range(2):
        (user,) = read_gpushare(source, *processes).users
        assert (user.device, user.user, user.memory_allocated) == ("gpu1", OCR, 0.4)
        assert user.memory_allocated_bytes == 6 * 2**30
        (tmp_path / "7" / "environ").write_bytes(b"")
    # Processes that live in no named container count once an instance.
    (user,) = read_gpushare(source, *(ServingProcess(owner, pid, 1.0, None) for pid in (7, 8))).users
    assert user.user == 7


def test_an_environment_that_may_not_be_read_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path, mode: str) -> None:
        raise PermissionError(path, mode)

    # As root, which tests may run as, nothing is denied.
    monkeypatch.setattr(Path, "open", denied)
    source = GpushareSource(tmp_path)
    process = ServingProcess(Owner("m", "i"), 7, 1.0, None)
    assert read_gpushare(source, process).dropped == {"environment_denied": 1}
    assert read_gpushare(source, process).dropped == {}
