"""Settings: where values come from, how faults are told, and that secrets are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from driftline.errors import InvalidSettings
from driftline.node_settings import ExporterMetric, NodeExporter, Workload
from driftline.settings import Settings, load_settings
from driftline.settings_table import settings_table

SECRET = "hunter2-and-more"


@pytest.fixture(autouse=True)
def _nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DRIFTLINE_{name.upper()}", raising=False)
    monkeypatch.delenv("DRIFTLINE_CONFIG", raising=False)


def written(text: str, name: str = "driftline.yaml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def refused(text: str) -> str:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(written(text))
    return caught.value.message


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.window_seconds, settings.clickhouse_url) == (3600, None)
    assert settings.budget.per_model_year(models=3) == 1 / 8


def test_code_wins_over_environment_over_file_over_default(monkeypatch: pytest.MonkeyPatch) -> None:
    written("api_port: 1000\nwindow_seconds: 60\nmin_samples: 7\n")
    monkeypatch.setenv("DRIFTLINE_API_PORT", "2000")
    monkeypatch.setenv("DRIFTLINE_WINDOW_SECONDS", "120")
    settings = load_settings(api_port=3000, min_samples=None)
    assert (settings.api_port, settings.window_seconds, settings.min_samples) == (3000, 120, 7)
    assert settings.log_level == "info"


def test_the_environment_can_name_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written("api_port: 1000\n")
    other = written("api_port: 1001\n", "other.yaml")
    monkeypatch.setenv("DRIFTLINE_CONFIG", str(other))
    assert load_settings().api_port == 1001
    assert load_settings(written("{}", "third.yaml")).api_port == 8080


def test_lists_in_the_environment_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLINE_NOTIFY_URLS", '["http://a/", "http://b/"]')
    assert load_settings().notify_urls == ("http://a/", "http://b/")
    monkeypatch.setenv("DRIFTLINE_NOTIFY_URLS", f"http://u:{SECRET}@a/")
    with pytest.raises(InvalidSettings, match="notify_urls") as caught:
        load_settings()
    assert "JSON" in caught.value.message
    assert SECRET not in caught.value.message


def test_an_empty_file_is_no_settings() -> None:
    written("# nothing here\n")
    assert load_settings() == Settings()


def test_a_named_file_has_to_exist() -> None:
    with pytest.raises(InvalidSettings, match=r"absent\.yaml does not exist"):
        load_settings(Path("absent.yaml"))


def test_every_fault_is_named_with_its_value() -> None:
    message = refused("api_port: 70000\nwindow_seconds: soon\nmin_sampels: 5\n")
    assert "api_port" in message
    assert "(got 70000)" in message
    assert "(got 'soon')" in message
    assert "min_sampels" in message
    assert "driftline.yaml" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", "must be a mapping, got list"),
        ("just text", "must be a mapping, got str"),
        ("a: [1\n", "is not YAML in line 2"),
        ("a: b: c\n", "is not YAML in line 1"),
        ("\x00", "cannot be read"),
        ("api_port:\n", "api_port"),
        ("drift_tolerance: .inf\n", "drift_tolerance"),
        ("drift_tolerance: .nan\n", "drift_tolerance"),
    ],
)
def test_a_file_that_is_none_says_why(text: str, words: str) -> None:
    assert words in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        f"clickhouse_url: [{SECRET}]\n",
        f"api_token: {{a: {SECRET}}}\n",
        f"webhook_secret: [{SECRET}]\n",
        f"notify_urls: http://user:{SECRET}@host/\n",
        f"pipeline_url: [http://user:{SECRET}@host/]\n",
        f"clickhouse_pasword: {SECRET}\n",
        f"clickhouse_url: clickhouse://user:{SECRET}@host: 9000\n",
        f'api_token: "{SECRET}\n',
    ],
)
def test_a_secret_is_never_in_a_message(text: str) -> None:
    assert SECRET not in refused(text)


def test_a_secret_is_not_shown_by_the_settings() -> None:
    settings = load_settings(
        api_token=SECRET, webhook_secret=SECRET, clickhouse_url=f"clickhouse://u:{SECRET}@h/"
    )
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in shown


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().api_port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{model: m}", "exactly one"),
        ("{model: m, pid: 1, command: x}", "exactly one"),
        ("{model: m, command: '('}", "not a regular expression"),
        ("{pid: 1}", "model"),
        ("{model: m, pid: 1, nodes: 2}", "nodes"),
        ("{model: m, pod: x, pid: 1}", "exactly one"),
        ("{model: m, pod: '('}", "not a regular expression"),
        ("{model: m, pid: 1, namespace: n}", "need pod"),
        ("{model: '{app}', pod: 'x-.*'}", "no group of pod"),
    ],
)
def test_a_workload_has_exactly_one_way_to_be_found(entry: str, words: str) -> None:
    assert words in refused(f"workloads: [{entry}]\n")


def test_labels_are_kept_as_long_as_their_events() -> None:
    message = refused("event_ttl_days: 90\nlabel_ttl_days: 89\n")
    assert "label_ttl_days: " in message
    assert "event_ttl_days is 90 (got 89)" in message
    assert "event_ttl_days is 401 (got 400)" in refused("event_ttl_days: 401\n")
    assert "profile_ttl_days" in refused("profile_ttl_days: 0\n")
    kept = load_settings(written("event_ttl_days: 90\nlabel_ttl_days: 90\nprofile_ttl_days: 7\n"))
    assert (kept.label_ttl_days, kept.profile_ttl_days) == (90, 7)


def test_workloads_from_a_file() -> None:
    written("workloads:\n  - {model: m, command: 'ocr_server'}\n  - {model: n, pid: 7, instance: a}\n")
    assert load_settings().workloads == (
        Workload(model="m", command="ocr_server"),
        Workload(model="n", pid=7, instance="a"),
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{kind: dcgm}", "url"),
        ("{kind: dcgm, url: 'ftp://n/metrics'}", "not an http"),
        ("{kind: dcgm, url: 'http://u:p@n/metrics'}", "token_file"),
        ("{kind: nvidia, url: 'http://n/metrics'}", "dcgm"),
        ("{kind: dcgm, url: 'http://n/metrics', name: 'A B'}", "lower-case"),
        ("{kind: dcgm, url: 'http://n/metrics', labels: {device: u}}", "kind custom"),
        ("{kind: custom, url: 'http://n/metrics'}", "needs metrics"),
        (
            "{kind: custom, url: 'http://n/metrics', metrics: {busy: {quantity: card_power}}}",
            "device or index",
        ),
        ("{kind: custom, url: 'http://n/metrics', metrics: {busy: {quantity: x}}}", "card_power"),
        ("{kind: dcgm, url: 'http://n/'}, {kind: dcgm, url: 'http://m/'}", "is taken"),
        ("{kind: dcgm, name: nvml, url: 'http://n/'}", "is taken"),
    ],
)
def test_an_exporter_is_told_wholly_or_refused(entry: str, words: str) -> None:
    assert words in refused(f"node_exporters: [{entry}]\n")


def test_exporters_from_a_file() -> None:
    written(
        "node_exporters:\n"
        "  - {kind: dcgm, url: 'http://127.0.0.1:9400/metrics'}\n"
        "  - kind: custom\n"
        "    name: kunlun\n"
        "    url: http://127.0.0.1:9500/metrics\n"
        "    metrics: {xpu_busy: {quantity: card_utilization, factor: 0.01}}\n"
        "    labels: {device: sn}\n"
    )
    dcgm, kunlun = load_settings().node_exporters
    assert (dcgm.source, kunlun.source) == ("dcgm", "kunlun")
    assert kunlun.metrics["xpu_busy"].factor == 0.01


@pytest.mark.parametrize("model", [Settings, Workload, NodeExporter, ExporterMetric])
def test_every_setting_is_described(model: type[BaseModel]) -> None:
    bare = [name for name, info in model.model_fields.items() if len(info.description or "") < 15]
    assert bare == []


def test_the_reference_of_settings_is_up_to_date() -> None:
    stored = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
    assert stored == settings_table(), "run: python -m driftline.settings_table > docs/settings.md"
    assert all(f"| `{name}` |" in stored for name in (*Settings.model_fields, *Workload.model_fields))
