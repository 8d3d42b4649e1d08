"""What the documents and the manifest of the node agent show is accepted by the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from collector.node.build import build_agent
from driftline.settings import load_settings

ROOT = Path(__file__).parents[2]


def manifest() -> dict[str, dict[str, object]]:
    text = (ROOT / "deploy" / "node-agent.yaml").read_text(encoding="utf-8")
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def shown() -> list[str]:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "node.md").read_text(), flags=re.DOTALL)
    data = manifest()["ConfigMap"]["data"]
    assert isinstance(data, dict)
    return [*blocks, str(data["driftline.yaml"])]


@pytest.mark.parametrize("text", shown(), ids=lambda text: text.split(":")[0])
def test_every_example_makes_an_agent(text: str, tmp_path: Path) -> None:
    (tmp_path / "driftline.yaml").write_text(text)
    settings = load_settings(tmp_path / "driftline.yaml")
    assert settings.workloads or settings.node_exporters
    build_agent(settings).close()


def test_the_daemonset_asks_for_no_role() -> None:
    documents = manifest()
    assert not {"ClusterRole", "Role", "ServiceAccount", "ClusterRoleBinding"} & documents.keys()
    assert "automountServiceAccountToken: false" in (ROOT / "deploy" / "node-agent.yaml").read_text()
