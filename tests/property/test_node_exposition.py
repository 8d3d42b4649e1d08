"""No text that an exporter may send breaks the reading of it, and no reading makes up impossible values."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.node.exposition import MetricSample, parse_samples
from collector.node.reading import SourceFailed
from collector.node.sources.custom import CustomDialect
from collector.node.sources.dcgm import DcgmDialect
from collector.node.sources.exporter import Dialect
from collector.node.sources.gpumanager import GpuManagerDialect
from collector.node.sources.gpushare import allocations
from collector.node.sources.hami import HamiDialect
from collector.node.sources.npu import NpuDialect
from collector.node.sources.pods import read_pods
from collector.node.sources.triton import TritonDialect
from collector.node.tally import Tally
from driftline.node_settings import ExporterMetric

DIALECTS: list[Dialect] = [
    DcgmDialect(),
    HamiDialect(),
    GpuManagerDialect(),
    NpuDialect(),
    TritonDialect(),
    CustomDialect(
        {
            "busy": ExporterMetric(quantity="card_utilization"),
            "mine": ExporterMetric(quantity="user_core", factor=0.01),
        },
        {"device": "uuid", "index": "idx", "pod": "pod"},
    ),
]
LABELS = [
    "UUID", "gpu", "GPU_I_ID", "GPU_I_PROFILE", "modelName", "pod", "pod_name", "podname", "namespace",
    "container", "ctrname", "device_uuid", "deviceuuid", "device_index", "deviceidx", "device_type",
    "vdevice_index", "gpu_memory", "card", "id", "npuID", "vdie_id", "model_name", "containerName",
    "process_id", "aicore_count", "gpu_uuid", "uuid", "idx", "mig_uuid", "profile", "instanceid",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["", "0", "1", "gpu0", "total", "GPU-1", "MIG-1", "1g.5gb", "Ascend910B", "a_b_c", "²"]),
    st.text(max_size=8),
)
labels = st.dictionaries(st.sampled_from(LABELS), VALUES, max_size=8)
numbers = st.one_of(st.floats(), st.integers(-(10**30), 10**30).map(float))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: type(dialect).__name__)
@given(data=st.data())
def test_any_labels_and_values_give_a_sound_reading(dialect: Dialect, data: st.DataObject) -> None:
    names = st.sampled_from(sorted(dialect.metrics))
    samples = data.draw(st.lists(st.builds(MetricSample, names, labels, numbers), max_size=12))
    tally = Tally()
    dialect.read(samples, tally)
    reading = tally.reading("x")
    for card in reading.cards:
        assert card.device
        assert isnan(card.utilization) or 0 <= card.utilization <= 1
        assert isnan(card.memory_used_bytes) or card.memory_used_bytes >= 0
        assert isnan(card.core_fraction) or 0 <= card.core_fraction <= 1
    for user in reading.users:
        assert isnan(user.core_share) or 0 <= user.core_share <= 1
        assert isnan(user.memory_bytes) or user.memory_bytes >= 0
        assert isnan(user.core_allocated) or 0 <= user.core_allocated <= 1


LINES = st.one_of(
    st.text(max_size=60),
    st.builds(lambda rest: "up" + rest, st.text(max_size=60)),
    st.builds(
        lambda inside, rest: f"up{{{inside}}}{rest}", st.text('a="\\,{} é', max_size=30), st.text(max_size=20)
    ),
    st.builds(lambda value: f'up{{a="b"}} {value}', st.one_of(st.integers(), st.floats()).map(str)),
    st.sampled_from(
        ['up{a="b"} ' + "9" * 400, "up " + "9" * 5000, 'up{ ="x"} 1', 'up{a="\\', "up{", "up 1 2 3"]
    ),
)


@given(st.lists(LINES, max_size=20))
def test_any_text_gives_samples_or_counts(lines: list[str]) -> None:
    samples, dropped = parse_samples("\n".join(lines), {"up"}, deadline=float("inf"))
    assert all(sample.name == "up" and isinstance(sample.value, float) for sample in samples)
    assert all(sample.timestamp is None or isfinite(sample.timestamp) for sample in samples)
    assert set(dropped) <= {"malformed", "long_line"}


POD_KEYS = [
    "items", "metadata", "spec", "status", "containers", "name", "namespace", "resources", "limits",
    "annotations", "aliyun.com/gpu-mem", "pod_resources", "devices", "device_ids", "resource_name",
    "containerStatuses", "containerID",
]  # fmt: skip
json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(POD_KEYS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@given(json)
def test_any_pod_list_is_read_or_refused(listed: object) -> None:
    with suppress(SourceFailed):
        read_pods(listed)
    counted = read_pods({"items": [listed]}).dropped + read_pods({"podResources": [listed]}).dropped
    assert set(counted) <= {"malformed"}


@given(st.dictionaries(st.sampled_from(["IDX", "POD", "CONTAINER", "DEV"]), VALUES))
def test_any_environment_gives_sound_allocations(given_values: dict[str, str]) -> None:
    for user in allocations({f"ALIYUN_COM_GPU_MEM_{key}": value for key, value in given_values.items()}, 1):
        assert user.device
        assert isnan(user.memory_allocated) or 0 < user.memory_allocated <= 1
