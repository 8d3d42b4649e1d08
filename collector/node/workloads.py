"""Which processes and containers of this node serve which model instance, looked up anew every round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from collector.node.containers import ContainerNames, container_id
from collector.node.reading import Container, Owner, User
from driftline.contracts import MODEL_NAME
from driftline.logs import get_logger
from driftline.node_settings import Workload

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Instance:
    """A model instance with its processes here, and their containers by process id where known.

    Attributes
    ----------
    whole_containers
        Whether it was found by its pod, so that everything in its containers is its own.
    """

    owner: Owner
    processes: tuple[psutil.Process, ...]
    containers: Mapping[int, Container]
    whole_containers: bool

    @property
    def container(self) -> Container | None:
        """Its container, or its pod when it has several containers; ``None`` when unknown or several."""
        found = set(self.containers.values())
        if len(found) == 1:
            return next(iter(found))
        pods = {(container.namespace, container.pod) for container in found}
        return Container(*next(iter(pods))) if len(pods) == 1 else None


class Serving:
    """Who serves what in one round.

    Parameters
    ----------
    workloads
        Their ``pod`` patterns also decide about containers that only an exporter tells of.
    instances
        What was found among the processes.
    """

    def __init__(self, workloads: Sequence[Workload], instances: Sequence[Instance]) -> None:
        self.instances = instances
        self._workloads = workloads
        self._of_pid = {
            process.pid: instance.owner for instance in instances for process in instance.processes
        }
        self._of_container: dict[Container, set[Owner]] = {}
        for instance in instances:
            for container in instance.containers.values():
                for name in (container, Container(container.namespace, container.pod)):
                    self._of_container.setdefault(name, set()).add(instance.owner)

    def owner_of(self, user: User) -> Owner | None:
        """The instance that a process or container belongs to; ``None`` when to none, or to several."""
        if isinstance(user, int):
            return self._of_pid.get(user)
        named = owner_of_pod(self._workloads, user)
        if named is not None:
            return named
        owners = self._of_container.get(user, set())
        return next(iter(owners)) if len(owners) == 1 else None


class Finder:
    """Finds the processes of the workloads.

    Parameters
    ----------
    node
        Instance name of processes that live in no pod.
    proc
        Where processes are found.
    names
        Names containers.
    """

    def __init__(self, workloads: Sequence[Workload], node: str, proc: Path, names: ContainerNames) -> None:
        self._workloads = workloads
        self._node = node
        self._proc = proc
        self._names = names
        self._absent: set[int] = set()

    def find(self) -> Serving:
        """Who serves what now. A process belongs to the first workload that claims it."""
        self._names.begin_round()
        in_pods = self._processes_in_containers() if any(work.pod for work in self._workloads) else {}
        commands = list(_commands()) if any(work.command for work in self._workloads) else []
        claimed: set[int] = set()
        instances: list[Instance] = []
        for index, workload in enumerate(self._workloads):
            if workload.pod is not None:
                instances += self._by_pod(workload, in_pods, claimed)
                continue
            family = {
                process.pid: process
                for process in _families(_roots(workload, commands))
                if process.pid not in claimed
            }
            claimed.update(family)
            self._note_absence(index, workload, absent=not family)
            instances += self._split(workload, family)
        return Serving(self._workloads, _joined(instances))

    def _split(self, workload: Workload, family: Mapping[int, psutil.Process]) -> Iterator[Instance]:
        """One instance a pod; processes in no pod are one more."""
        containers = {pid: found for pid in family if (found := self._container(pid)) is not None}
        groups: dict[str, list[psutil.Process]] = {}
        for pid, process in family.items():
            pod = containers[pid].pod if pid in containers else self._node
            groups.setdefault(workload.instance or pod, []).append(process)
        for name, processes in groups.items():
            mine = {
                process.pid: containers[process.pid] for process in processes if process.pid in containers
            }
            yield Instance(Owner(workload.model, name), tuple(processes), mine, whole_containers=False)

    def _by_pod(
        self, workload: Workload, in_pods: Mapping[int, Container], claimed: set[int]
    ) -> Iterator[Instance]:
        found: dict[Owner, dict[int, Container]] = {}
        for pid, container in in_pods.items():
            owner = owner_of_pod((workload,), container)
            if owner is not None and pid not in claimed:
                found.setdefault(owner, {})[pid] = container
        shared = {in_pods[pid] for pid in claimed if pid in in_pods}
        for owner, containers in found.items():
            claimed.update(containers)
            processes = tuple(_existing(containers))
            if processes:
                whole = shared.isdisjoint(containers.values())
                yield Instance(owner, processes, containers, whole_containers=whole)

    def _processes_in_containers(self) -> dict[int, Container]:
        return {pid: found for pid in psutil.pids() if (found := self._container(pid)) is not None}

    def _container(self, pid: int) -> Container | None:
        identity = container_id(self._proc, pid)
        return self._names.name(identity) if identity is not None else None

    def _note_absence(self, index: int, workload: Workload, *, absent: bool) -> None:
        if absent and index not in self._absent:
            way = workload.model_dump(include={"pid", "pidfile", "command"}, exclude_none=True, mode="json")
            _log.warning("no process of a workload is running", model=workload.model, **way)
        (self._absent.add if absent else self._absent.discard)(index)


def owner_of_pod(workloads: Iterable[Workload], container: Container) -> Owner | None:
    """The instance of the first workload whose pattern a container's names match, or ``None``."""
    for workload in workloads:
        if workload.pod is None or workload.namespace not in ("", container.namespace):
            continue
        if workload.container and not re.fullmatch(workload.container, container.container):
            continue
        found = re.fullmatch(workload.pod, container.pod)
        if found is None:
            continue
        model = workload.model_of_pod(found.groupdict(default=""))
        if MODEL_NAME.fullmatch(model):
            return Owner(model, workload.instance or container.pod)
    return None


def _joined(instances: Iterable[Instance]) -> list[Instance]:
    """One a model instance, where several workloads are parts of the same."""
    joined: dict[Owner, Instance] = {}
    for instance in instances:
        known = joined.get(instance.owner)
        joined[instance.owner] = (
            instance
            if known is None
            else Instance(
                instance.owner,
                known.processes + instance.processes,
                {**known.containers, **instance.containers},
                known.whole_containers and instance.whole_containers,
            )
        )
    return list(joined.values())


def _roots(workload: Workload, commands: Sequence[tuple[psutil.Process, str]]) -> Iterable[psutil.Process]:
    if workload.command is not None:
        pattern = re.compile(workload.command)
        return [process for process, command in commands if pattern.search(command)]
    pid = workload.pid
    if workload.pidfile is not None:
        try:
            pid = int(workload.pidfile.read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return []
    return _existing([pid]) if pid is not None and pid > 0 else []


def _families(roots: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    """The processes and all their descendants, some perhaps twice."""
    for root in roots:
        try:
            yield from (root, *root.children(recursive=True))
        except psutil.Error:
            continue


def _existing(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        try:
            yield psutil.Process(pid)
        except psutil.Error:
            continue


def _commands() -> Iterator[tuple[psutil.Process, str]]:
    own = psutil.Process().pid
    for process in psutil.process_iter():
        try:
            if process.pid != own:
                yield process, " ".join(process.cmdline())
        except psutil.Error:
            continue
