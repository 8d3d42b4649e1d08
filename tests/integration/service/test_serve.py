"""``driftline serve`` as a process, and the commands that join it."""

from __future__ import annotations

import csv
import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import numpy as np
import psutil
import pytest
from standardwebhooks.webhooks import Webhook

from tests.processes import Served, run_command, served

CONTRACT = """
model: fraud
team: payments
fields:
  - {name: amount, kind: numeric}
  - {name: country, kind: categorical}
  - {name: scores, role: output, kind: prediction}
prediction: scores.class
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    folder = tmp_path_factory.mktemp("serve")
    (folder / "fraud.yaml").write_text(CONTRACT)
    with (folder / "reference.csv").open("w", newline="") as file:
        rng = np.random.default_rng(0)
        writer = csv.writer(file)
        writer.writerow(["amount", "country", "scores.class", "truth"])
        for i in range(500):
            writer.writerow([rng.normal(), rng.choice(["DE", "FR"]), i % 2, i % 2 if i % 10 else 1 - i % 2])
    with served(folder) as running:
        assert run_command("register", "fraud.yaml", cwd=folder).returncode == 0
        yield running, folder


def test_register_baseline_labels_and_models_work_beside_it(service: tuple[Served, Path]) -> None:
    running, folder = service
    again = run_command("register", "fraud.yaml", "--json", cwd=folder)
    assert json.loads(again.stdout)["revision"] == 1, "the same contract is no new revision"
    made = run_command(
        "baseline", "fraud", "--file", "reference.csv", "--label", "truth", "--json", cwd=folder
    )
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    assert answer["rows"] == 500
    assert answer["accuracy"] == pytest.approx(0.9)
    (folder / "labels.csv").write_text("event_id,label\nnobody-1,1\nnobody-2,\n")
    labels = run_command("labels", "fraud", "labels.csv", "--json", cwd=folder)
    assert json.loads(labels.stdout) == {
        "accepted": 1, "matched": 0, "unknown": 1, "unknown_examples": ["nobody-1"], "skipped": 1,
        "refused": 0, "refused_examples": [], "contradictory": 0, "new_classes": {},
    }  # fmt: skip
    models = json.loads(run_command("models", "--json", cwd=folder).stdout)
    assert [model["model"] for model in models["items"]] == ["fraud"]
    assert "fraud" in run_command("models", cwd=folder).stdout
    stored = httpx2.get(f"{running.url}/api/v1/models/fraud/baselines").json()
    assert stored["items"][0]["rows"] == 500


def test_bad_input_to_commands_is_one_clear_line(service: tuple[Served, Path]) -> None:
    _, folder = service
    (folder / "bad.yaml").write_text("model: x\nfields: [{name: a, kind: words}]\n")
    (folder / "other.csv").write_text("foo\n1\n")
    (folder / "texts.csv").write_text("amount\nhigh\nlow\n")
    for arguments, message in (
        (("register", "bad.yaml"), "fields.0.kind"),
        (("register", "absent.yaml"), "does not exist"),
        (("baseline", "nobody", "--file", "reference.csv"), "model 'nobody' is unknown"),
        (("baseline", "fraud", "--file", "other.csv"), "has none of the contract's columns"),
        (("baseline", "fraud", "--file", "texts.csv"), "amount: texts where the contract has numbers"),
        (("baseline", "fraud"), "give --file, --since"),
        (
            ("baseline", "fraud", "--since", "2020-01-01", "--until", "2020-01-02"),
            "nothing to make a baseline",
        ),
        (("labels", "fraud", "other.csv"), "has no column 'event_id'"),
        (("labels", "nobody", "reference.csv"), "model 'nobody' is unknown"),
    ):
        result = run_command(*arguments, cwd=folder)
        assert result.returncode == 2, arguments
        assert message in result.stderr, arguments
        assert "Traceback" not in result.stderr


def test_a_second_instance_and_a_busy_port_are_refused(service: tuple[Served, Path], tmp_path: Path) -> None:
    running, folder = service
    second = run_command("serve", "--port", "0", cwd=folder)
    assert second.returncode == 2
    assert f"in use by process {running.process.pid}" in second.stderr
    busy = run_command("serve", "--port", str(running.port), cwd=tmp_path)
    assert busy.returncode == 2
    assert "choose another with DRIFTLINE_API_PORT" in busy.stderr
    assert not (tmp_path / ".driftline").exists(), "nothing is half started"
    assert httpx2.get(f"{running.url}/healthz").status_code == 200


def test_doctor_finds_nothing_broken_here(service: tuple[Served, Path]) -> None:
    _, folder = service
    result = run_command("doctor", "--json", cwd=folder)
    assert result.returncode == 0
    levels = {one["subject"]: one["level"] for one in json.loads(result.stdout)["diagnoses"]}
    assert levels["database"] == "ok"
    assert levels["closed loop"] == "warning"


def test_doctor_names_an_unreachable_database_without_its_password(tmp_path: Path) -> None:
    result = run_command(
        "doctor", cwd=tmp_path, extra={"DRIFTLINE_CLICKHOUSE_URL": "clickhouse://u:hunter2@127.0.0.1:1/"}
    )
    assert result.returncode == 2
    assert "cannot be reached" in " ".join(result.stdout.split())
    assert "hunter2" not in result.stdout + result.stderr


def test_doctor_points_at_misspelt_variables(tmp_path: Path) -> None:
    result = run_command("doctor", "--json", cwd=tmp_path, extra={"DRIFTLINE_WINDOW_SECOND": "60"})
    found = {one["subject"]: one["finding"] for one in json.loads(result.stdout)["diagnoses"]}
    assert found["environment"] == "DRIFTLINE_WINDOW_SECOND: no setting of that name"


def test_an_open_address_needs_a_token(tmp_path: Path) -> None:
    result = run_command("serve", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert result.returncode == 2
    assert "DRIFTLINE_API_TOKEN" in result.stderr


def test_writing_asks_for_the_token_when_one_is_set(tmp_path: Path) -> None:
    with served(tmp_path, {"DRIFTLINE_API_TOKEN": "s3cret"}) as running:
        body = {"model": "m", "fields": [{"name": "a", "kind": "numeric"}]}
        address = f"{running.url}/api/v1/models/m/contract"
        refused = httpx2.put(address, json=body)
        assert refused.status_code == 401
        assert refused.json()["code"] == "unauthorized"
        assert httpx2.put(address, json=body, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert httpx2.put(address, json=body, headers={"authorization": "Bearer s3cret"}).status_code == 200
        assert httpx2.get(f"{running.url}/api/v1/models").status_code == 200


def test_writes_over_http(service: tuple[Served, Path]) -> None:
    running, _ = service
    base = f"{running.url}/api/v1/models"
    contract = {"model": "http", "fields": [{"name": "a", "kind": "numeric"}]}
    assert httpx2.put(f"{base}/http/contract", json=contract).json()["revision"] == 1
    mismatch = httpx2.put(f"{base}/other/contract", json=contract)
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "bad_input")
    rows = [{"a": float(i)} for i in range(50)] + [{"a": None}]
    made = httpx2.post(
        f"{base}/http/baselines", json={"name": "b", "rows": rows, "labelled": 10, "correct": 9}
    )
    assert made.status_code == 201
    assert made.json()["accuracy"] == pytest.approx(0.9)
    for bad, message in (
        ({"name": "b", "rows": [{"z": 1}]}, "no column of 'http' is called 'z'"),
        ({"name": "b", "rows": [{"a": "x"}]}, "row 0: a must be a number, got 'x'"),
        ({"name": "b", "rows": []}, "rows"),
        ({"name": "b", "rows": [{"a": 1}], "labelled": 1, "correct": 2}, "between 0 and labelled"),
    ):
        answer = httpx2.post(f"{base}/http/baselines", json=bad)
        assert answer.status_code == 422
        assert message in answer.json()["message"]
    assert len(httpx2.get(f"{base}/http/baselines").json()["items"]) == 1, "nothing is half-written"
    labels = {"labels": [{"event_id": "none", "label": "1"}]}
    assert httpx2.post(f"{base}/http/labels", json=labels).json()["unknown"] == 1
    assert httpx2.post(f"{base}/nobody/labels", json=labels).status_code == 404


def test_an_outcome_must_be_signed(service: tuple[Served, Path]) -> None:
    running, folder = service
    address = f"{running.url}/api/v1/actions/ac-unknown/outcome"
    body = '{"status":"running","run_id":"r"}'
    assert httpx2.post(address, content=body).status_code == 401
    key = "whsec_" + "Zm9yZ2VkLWtleS1mb3JnZWQta2V5LTMy"
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(key).sign("m", now, body),
    }
    assert httpx2.post(address, content=body, headers=headers).status_code == 401
    genuine = (folder / ".driftline" / "webhook.secret").read_text().strip()
    headers["webhook-signature"] = Webhook(genuine).sign("m", now, body)
    unknown = httpx2.post(address, content=body, headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    wrong = '{"status":"won"}'
    headers["webhook-signature"] = Webhook(genuine).sign("m", now, wrong)
    assert httpx2.post(address, content=wrong, headers=headers).status_code == 422


def test_killed_service_starts_again_on_the_same_folder_with_its_data(tmp_path: Path) -> None:
    body = {"model": "kept", "fields": [{"name": "a", "kind": "numeric"}]}
    with served(tmp_path) as first:
        assert httpx2.put(f"{first.url}/api/v1/models/kept/contract", json=body).status_code == 200
        engine = json.loads((tmp_path / ".driftline" / "connection.json").read_text())["pid"]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        deadline = time.monotonic() + 30
        while psutil.pid_exists(engine):
            assert time.monotonic() < deadline, "the engine outlived its supervisor"
            time.sleep(0.05)
    with served(tmp_path) as second:
        models = httpx2.get(f"{second.url}/api/v1/models").json()["items"]
        assert [model["model"] for model in models] == ["kept"]


def test_a_killed_database_comes_back_under_the_service(tmp_path: Path) -> None:
    with served(tmp_path, {"DRIFTLINE_CYCLE_SECONDS": "0.5"}) as running:
        engine = json.loads((tmp_path / ".driftline" / "connection.json").read_text())["pid"]
        psutil.Process(engine).kill()
        deadline = time.monotonic() + 30
        while (
            httpx2.get(f"{running.url}/readyz").status_code != 200
            or json.loads((tmp_path / ".driftline" / "connection.json").read_text())["pid"] == engine
        ):
            assert time.monotonic() < deadline, running.log.read_text()[-2000:]
            time.sleep(0.1)
        assert running.process.poll() is None
        assert httpx2.get(f"{running.url}/api/v1/models").status_code == 200
