"""Every source of the node agent: its text over real HTTP, through the real agent, into real rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from collector.node.build import build_agent
from collector.node.outbox import Outbox
from collector.store_link import StoreLink
from driftline.node_settings import ExporterMetric, NodeExporter, Workload
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.migrations import migrate
from driftline.store.sql import quote_identifier
from tests.exporter_stub import FIXTURES, ExporterStub, exporter_stub
from tests.fake_nvml import FakeCard, FakeMig, FakeNvml, FakeProcess, no_driver

WORKLOADS = (
    Workload(model="ocr", pod="ocr-.*", namespace="vision"),
    Workload(model="{name}", pod="(?P<name>asr|toxicity)-.*"),
)
T4_0 = "GPU-11111111-aaaa-4aaa-8aaa-000000000001"
T4_1 = "GPU-11111111-aaaa-4aaa-8aaa-000000000002"
A30 = "GPU-22222222-bbbb-4bbb-8bbb-000000000001"
NPU_0, NPU_1 = (f"7A3B0101 20C08F2E 50A4D0B6 1A0C000{chip} 0F0F0F0F" for chip in (1, 2))
OCR = "ocr-7c9d8f6b5-abcde"

Shares = dict[tuple[str, str], tuple[float, str, float, str]]
"""Model and card to compute share, its grade, memory share, its grade."""


@pytest.fixture(scope="module")
def stub() -> Iterator[ExporterStub]:
    with exporter_stub() as running:
        yield running


@pytest.fixture(scope="module")
def database(clickhouse_url: str) -> Iterator[Store]:
    """One database for all tests here: they look at three tables only."""
    store = Store(clickhouse_url, f"test_{uuid4().hex}")
    migrate(store)
    yield store
    store.command(f"DROP DATABASE {quote_identifier(store.database)} SYNC")
    store.close()


@pytest.fixture
def store(database: Store) -> Store:
    for table in ("cpu_samples", "gpu_samples", "gpu_shares"):
        database.command(f"TRUNCATE TABLE {table} SYNC")
    return database


@pytest.fixture
def settings(database: Store, clickhouse_url: str, tmp_path: Path) -> Settings:
    return Settings(
        clickhouse_url=SecretStr(clickhouse_url), clickhouse_database=database.database, state_dir=tmp_path
    )


def sampled(settings: Settings, store: Store, **changes: Any) -> None:
    """Two rounds of the agent of these settings, written to the store."""
    given = {"workloads": WORKLOADS, "node_name": "n1", "node_interval_seconds": 5.0, **changes}
    agent = build_agent(settings.model_copy(update=given))
    url = settings.clickhouse_url
    assert url is not None
    link = StoreLink(url.get_secret_value(), settings.clickhouse_database, settings.state_dir, 30)
    outbox = Outbox(link)
    assert agent.sample() == {}
    time.sleep(0.02)
    for table, rows in agent.sample().items():
        outbox.put(table, rows)
    assert outbox.flush()
    agent.close()
    link.close()
    for of_card in store.query(
        "SELECT sum(core_share) AS c, sum(memory_share) AS m FROM gpu_shares "
        "WHERE NOT isNaN(core_share) AND NOT isNaN(memory_share) GROUP BY device"
    ):
        assert of_card["c"] <= 1 + 1e-9
        assert of_card["m"] <= 1 + 1e-9


def shares(store: Store) -> Shares:
    return {
        (row["model"], row["device"]): (
            row["core_share"], row["grade"], row["memory_share"], row["memory_grade"],
        )
        for row in store.query("SELECT * FROM gpu_shares")
    }  # fmt: skip


def cards(store: Store) -> dict[str, dict[str, Any]]:
    rows = store.query("SELECT * FROM gpu_samples")
    assert len({row["device"] for row in rows}) == len(rows), "one row a card"
    return {row["device"]: row for row in rows}


def near(expected: Shares) -> Any:
    return {
        key: (pytest.approx(core, nan_ok=True), grade, pytest.approx(memory, nan_ok=True), memory_grade)
        for key, (core, grade, memory, memory_grade) in expected.items()
    }


NAN = float("nan")
MEASURED = {
    ("ocr", T4_0): (0.40, "measured", NAN, "unavailable"),
    ("asr", T4_0): (0.20, "measured", NAN, "unavailable"),
}
BY_INDEX = {
    ("ocr", "gpu0"): (0.45, "measured", NAN, "unavailable"),
    ("asr", "gpu0"): (0.15, "measured", NAN, "unavailable"),
}
COPIED: Shares = {
    ("ocr", T4_0): (NAN, "device-copied", NAN, "device-copied"),
    ("asr", T4_0): (NAN, "device-copied", NAN, "device-copied"),
    ("toxicity", T4_1): (0.35, "apportioned", 0.2, "apportioned"),
}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("dcgm", "dcgm.prom", COPIED),
        ("dcgm", "dcgm_old.prom", COPIED),
        ("hami", "hami.prom", MEASURED),
        ("hami", "hami_old.prom", MEASURED),
        (
            "hami",
            "hami_ascend.prom",
            # The card's 0.45 stands under both names: it is divided by the memory allocated, 20 to 10 GiB.
            {
                ("ocr", "ascend-a1b2c3"): (0.3, "apportioned", NAN, "unavailable"),
                ("asr", "ascend-a1b2c3"): (0.15, "apportioned", NAN, "unavailable"),
            },
        ),
        ("gpumanager", "gpumanager.prom", BY_INDEX),
        ("gpumanager", "qgpu.prom", BY_INDEX),
        (
            "npu",
            "npu.prom",
            {
                ("ocr", NPU_0): (0.72, "apportioned", 0.4, "measured"),
                ("asr", NPU_1): (
                    0.30, "apportioned", 0.25, "apportioned",
                ),
            },
        ),
        (
            "npu",
            "npu_old.prom",
            {
                ("ocr", "npu0"): (NAN, "device-copied", NAN, "device-copied"),
                ("asr", "npu0"): (NAN, "device-copied", NAN, "device-copied"),
            },
        ),
        (
            "npu",
            "npu_virtual.prom",
            {
                ("ocr", "31000101 20C08F2E"): (0.4, "apportioned", 0.25, "measured"),
                ("asr", "31000101 20C08F2E"): (0.1, "apportioned", NAN, "unavailable"),
            },
        ),
        ("triton", "triton.prom", {}),
    ],
)  # fmt: skip
def test_shares_of_one_source(
    store: Store,
    settings: Settings,
    stub: ExporterStub,
    monkeypatch: pytest.MonkeyPatch,
    kind: Any,
    text: str,
    expected: Shares,
) -> None:
    no_driver(monkeypatch)
    sampled(settings, store, node_exporters=(NodeExporter(kind=kind, url=stub.url(text)),))
    assert shares(store) == near(expected)
    rows = store.query("SELECT DISTINCT pod, instance, node FROM gpu_shares WHERE model = 'ocr'")
    assert rows in ([], [{"pod": OCR, "instance": OCR, "node": "n1"}])


def test_cards_of_the_exporters(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_driver(monkeypatch)
    names = {"dcgm": "dcgm.prom", "npu": "npu.prom", "triton": "triton.prom"}
    exporters = tuple(
        NodeExporter.model_validate({"kind": kind, "url": stub.url(text)}) for kind, text in names.items()
    )
    sampled(settings, store, node_exporters=exporters)
    found = cards(store)
    t4 = found[T4_0]
    assert (t4["device_name"], t4["source"], t4["grade"]) == ("Tesla T4", "dcgm+triton", "measured")
    assert (t4["utilization"], t4["power_watts"]) == pytest.approx((0.64, 61.227))
    assert (t4["memory_used_bytes"], t4["memory_total_bytes"]) == (9000 * 2**20, 15000 * 2**20)
    npu = found[NPU_0]
    assert (npu["device_name"], npu["utilization"], npu["memory_total_bytes"]) == (
        "Ascend910B3", pytest.approx(0.72), 65536 * 2**20,
    )  # fmt: skip
    # The third chip's only sample is an hour old.
    assert len(found) == 4


def test_a_mapping_reads_what_nobody_documented(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_driver(monkeypatch)
    metrics = {
        "xpu_core_busy_percent": ("card_utilization", 0.01),
        "xpu_memory_used_mib": ("card_memory_used", 2**20),
        "xpu_memory_total_mib": ("card_memory_total", 2**20),
        "vxpu_core_busy_percent": ("user_core", 0.01),
        "vxpu_memory_used_mib": ("user_memory", 2**20),
    }
    exporter = NodeExporter(
        kind="custom",
        name="kunlun",
        url=stub.url("kunlun.prom"),
        metrics={
            name: ExporterMetric.model_validate({"quantity": quantity, "factor": factor})
            for name, (quantity, factor) in metrics.items()
        },
        labels={
            "device": "sn", "index": "xpu", "name": "board",
            "namespace": "k8s_ns", "pod": "k8s_pod", "container": "k8s_container",
        },
    )  # fmt: skip
    sampled(settings, store, node_exporters=(exporter,))
    assert shares(store) == near(
        {
            ("ocr", "XPU-R200-0001"): (0.3, "measured", 0.5, "measured"),
            # 4 GiB of the card's 12 are nobody else's, but no rule says they are this one's.
            ("asr", "XPU-R200-0001"): (0.2, "measured", NAN, "unavailable"),
        }
    )
    assert cards(store)["XPU-R200-0001"]["source"] == "kunlun"


def test_gpushare_by_pod_list_divides_what_dcgm_only_copies(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_driver(monkeypatch)
    dcgm = NodeExporter(kind="dcgm", url=stub.url("dcgm.prom"))
    sampled(settings, store, node_exporters=(dcgm,), node_pods=str(FIXTURES / "pods.json"))
    found = shares(store)
    # 64% of compute and 60% of memory, by 8 to 4 units.
    assert found["ocr", T4_0] == near({("", ""): (0.64 * 8 / 12, "apportioned", 0.4, "apportioned")})["", ""]
    assert found["asr", T4_0] == near({("", ""): (0.64 * 4 / 12, "apportioned", 0.2, "apportioned")})["", ""]
    allocated = {
        row["model"]: row["memory_allocated"]
        for row in store.query("SELECT model, memory_allocated FROM gpu_shares WHERE device = {d:String}",
                               {"d": T4_0})
    }  # fmt: skip
    assert allocated == {"ocr": pytest.approx(8 / 15), "asr": pytest.approx(4 / 15)}


def test_pod_resources_over_http(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    cards_there = [
        FakeCard(T4_0, processes=[FakeProcess(1, 500)]),
        FakeCard(T4_1, utilization=35, used_mib=3000),
    ]
    FakeNvml(monkeypatch, cards_there)
    sampled(
        settings, store, node_pods=stub.url("pod_resources.json"), node_pods_token_file=token,
    )  # fmt: skip
    assert stub.tokens[-2:] == ["Bearer s3cret"] * 2
    found = shares(store)
    # A whole card of its own; a card shared with a process of nobody's; and one whose card is not told.
    assert found["toxicity", T4_1] == near({("", ""): (0.35, "apportioned", 0.2, "apportioned")})["", ""]
    assert found["ocr", T4_0][1] == "apportioned"
    assert not any(model == "asr" for model, _ in found)


def test_a_shared_card_read_by_three_sources_counts_once(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml = FakeNvml(
        monkeypatch,
        [
            FakeCard(T4_0, processes=[FakeProcess(2**21 + 1, 6100, 42), FakeProcess(2**21 + 2, 3050, 21)]),
            FakeCard(T4_1, utilization=35, used_mib=3000),
        ],
    )
    nvml.now_microseconds = int((time.time() + 60) * 1e6)
    exporters = (
        NodeExporter(kind="hami", url=stub.url("hami.prom")),
        NodeExporter(kind="dcgm", url=stub.url("dcgm.prom")),
        NodeExporter(kind="gpumanager", url=stub.url("gpumanager.prom")),
    )
    sampled(settings, store, node_exporters=exporters)
    found = cards(store)
    assert found[T4_0]["source"] == "nvml+dcgm+hami"
    assert found[T4_0]["utilization"] == pytest.approx(0.64)
    assert set(found) == {T4_0, T4_1}
    # NVML sees processes of nobody it can name; HAMi measures the same use by container; DCGM copies.
    assert shares(store) == near(
        {
            ("ocr", T4_0): (0.40, "measured", 0.4, "measured"),
            ("asr", T4_0): (0.20, "measured", 0.2, "measured"),
            ("toxicity", T4_1): (0.35, "apportioned", 0.2, "apportioned"),
        }
    )
    of_shared = "SELECT DISTINCT core_source, memory_source FROM gpu_shares WHERE device = {device:String}"
    sources = store.query(of_shared, {"device": T4_0})
    assert sources == [{"core_source": "hami", "memory_source": "hami"}]


def test_mig_by_dcgm_alone(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_driver(monkeypatch)
    sampled(settings, store, node_exporters=(NodeExporter(kind="dcgm", url=stub.url("dcgm_mig.prom")),))
    # 80% of a quarter of the card, and 50% of half of it.
    assert shares(store) == near(
        {
            ("ocr", A30): (0.2, "apportioned", 0.125, "apportioned"),
            ("asr", A30): (0.25, "apportioned", 0.25, "apportioned"),
        }
    )
    found = cards(store)
    assert (found[A30]["utilization"], found[A30]["grade"]) == (pytest.approx(0.45), "apportioned")
    assert found[A30]["power_watts"] == pytest.approx(98.4)
    slices = {row["profile"]: row for row in found.values() if row["parent"]}
    assert {name: row["core_fraction"] for name, row in slices.items()} == {"1g.6gb": 0.25, "2g.12gb": 0.5}
    assert all(row["parent"] == A30 and isnan(row["power_watts"]) for row in slices.values())


def migs() -> list[FakeMig]:
    first = FakeMig("MIG-22222222-bbbb-5bbb-8bbb-000000000103", "NVIDIA A30 MIG 1g.6gb", 3, 1, 6000, 3000)
    second = FakeMig("MIG-22222222-bbbb-5bbb-8bbb-000000000101", "NVIDIA A30 MIG 2g.12gb", 1, 2, 12000, 6000)
    return [first, second]


def test_mig_by_nvml_names_the_instances_and_dcgm_measures_them(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = FakeCard(A30, "NVIDIA A30", 24000, 9000, None, migs=migs(), most_migs=4)
    FakeNvml(monkeypatch, [card])
    exporters = (
        NodeExporter(kind="dcgm", url=stub.url("dcgm_mig.prom")),
        NodeExporter(kind="hami", url=stub.url("hami_mig.prom")),
    )
    sampled(settings, store, node_exporters=exporters)
    found = cards(store)
    assert set(found) == {A30, *(mig.uuid for mig in migs())}
    assert found[migs()[0].uuid]["source"] == "nvml+dcgm+hami"
    assert shares(store) == near(
        {
            ("ocr", A30): (0.2, "apportioned", 0.125, "measured"),
            ("asr", A30): (0.25, "apportioned", 0.25, "apportioned"),
        }
    )
    rows = store.query("SELECT model, slice, profile, core_allocated, memory_allocated FROM gpu_shares")
    assert {(row["model"], row["slice"], row["profile"]) for row in rows} == {
        ("ocr", migs()[0].uuid, "1g.6gb"), ("asr", migs()[1].uuid, "2g.12gb"),
    }  # fmt: skip
    assert {(row["model"], row["core_allocated"], row["memory_allocated"]) for row in rows} == {
        ("ocr", 0.25, 0.25), ("asr", 0.5, 0.5),
    }  # fmt: skip


def test_mig_without_dcgm_has_no_utilization(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = FakeCard(A30, "NVIDIA A30", 24000, 9000, None, migs=migs(), most_migs=4)
    FakeNvml(monkeypatch, [card])
    sampled(settings, store, node_exporters=(NodeExporter(kind="hami", url=stub.url("hami_mig.prom")),))
    assert shares(store) == near({("ocr", A30): (NAN, "unavailable", 0.125, "measured")})
    assert {row["grade"] for row in cards(store).values()} == {"unavailable"}


def test_a_card_of_another_node_is_left_out(
    store: Store, settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeNvml(monkeypatch, [FakeCard("GPU-33333333-cccc-4ccc-8ccc-000000000001")])
    exporters = (
        NodeExporter(kind="dcgm", url=stub.url("dcgm.prom")),
        NodeExporter(kind="hami", url=stub.url("hami.prom")),
    )
    sampled(settings, store, node_exporters=exporters)
    assert set(cards(store)) == {"GPU-33333333-cccc-4ccc-8ccc-000000000001"}
    assert shares(store) == {}
