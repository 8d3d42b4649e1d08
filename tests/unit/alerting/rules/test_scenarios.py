"""The scenarios in ``tests/rules`` come as expected, and a scenario that does not is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerting.rules.reading import InvalidRules
from alerting.rules.rehearsal import rehearse
from alerting.rules.scenario import read_scenario
from service.cli.main import app
from service.targets import target_kind

FOLDER = Path(__file__).parents[3] / "rules"
SCENARIOS = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "rules.yaml")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario, rules = read_scenario(path, target_kind)
    result = rehearse(scenario, rules.file)
    assert (result.lacking, result.surprising) == ((), ())
    assert len(result.came) >= len(scenario.expect)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    (tmp_path / "rules.yaml").write_text((FOLDER / "rules.yaml").read_text())
    text = (FOLDER / "one_retrain.yaml").read_text()
    assert old in text
    path = tmp_path / "scenario.yaml"
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "lacking", "surprising"),
    [
        ("at: 30h, model: ocr-1, start", "at: 20h, model: ocr-1, start", ["20:00 ocr-1: start retrain"],
         ["30:00 ocr-1: start retrain"]),
        ("reason: cooldown", "reason: cap", ["04:00 ocr-1: hold retrain (cap)"], []),
        ("  - {at: 0m, model: ocr-1, start: retrain}\n", "", [], ["00:00 ocr-1: start retrain"]),
    ],
)  # fmt: skip
def test_what_comes_otherwise_is_told(
    tmp_path: Path, old: str, new: str, lacking: list[str], surprising: list[str]
) -> None:
    path = changed(tmp_path, old, new)
    scenario, rules = read_scenario(path, target_kind)
    result = rehearse(scenario, rules.file)
    assert (list(result.lacking), list(result.surprising)) == (lacking, surprising)
    said = CliRunner().invoke(app, ["rules", "test", str(path)])
    assert said.exit_code == 1
    assert "failed" in said.output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("outcome: succeeded", "outcome: perhaps", "outcome"),
        ("model: asr-1, quality_drop", "model: asr-9, quality_drop", "not under `models`"),
        ("at: 1h, model", "at: 40h, model", "in the order of its times"),
        ("quality_drop: 0.06, drift: {amount: 0.8}", "healthy: false", "say one thing that happens"),
        ("start: retrain", "start: retrain, hold: retrain", "expect one thing"),
        ("rules: rules.yaml", "rules: none.yaml", "cannot be read"),
    ],
)
def test_a_scenario_with_faults_says_where(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InvalidRules, match=said):
        read_scenario(changed(tmp_path, old, new), target_kind)


def test_the_command_line_plays_all_scenarios() -> None:
    result = CliRunner().invoke(app, ["rules", "test", *map(str, SCENARIOS)])
    assert result.exit_code == 0, result.output
    assert result.output.count("passed") == len(SCENARIOS)
