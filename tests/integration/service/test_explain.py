"""``driftline explain``: a story in words, one line of JSON, and errors that name what is close."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from driftline.errors import InvalidInput, NotFound
from driftline.settings import Settings
from driftline.store import Store
from service.cli.main import app
from tests.integration.detectors.traffic import window
from tests.seeding.shop import QUIET_WINDOWS, seed_shop

runner = CliRunner()


@pytest.fixture
def shop(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seed_shop(store, settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0}))
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)


@pytest.mark.usefixtures("shop")
def test_the_command_tells_shows_and_fails_clearly() -> None:
    told = runner.invoke(app, ["explain", "shop", "payment"])
    assert told.exit_code == 0, told.output
    assert "'payment' was 'voucher' more often than in its baseline" in told.output
    assert "█" in told.output
    assert "events to look at" in told.output

    answered = runner.invoke(app, ["explain", "shop", "amount", "--json"])
    assert answered.exit_code == 0
    (line,) = answered.output.splitlines()
    found = json.loads(line)
    assert found["status"] == "drifted"
    assert found["words"][0].startswith(("In the", "Over the"))
    assert {"bins", "statistics", "rates", "events", "origins", "row_tests", "change"} <= set(found)

    with pytest.raises(NotFound, match="did you mean 'amount'"):
        runner.invoke(app, ["explain", "shop", "amout"], catch_exceptions=False)
    misread = runner.invoke(app, ["explain", "shop", "amount", "--window", "yesterday"])
    assert "takes a time like" in str(misread.exception)


@pytest.mark.usefixtures("shop")
def test_a_range_of_windows_is_one_table_and_no_decision() -> None:
    begin, end = (f"{window(number):%Y-%m-%dT%H:%M}" for number in (QUIET_WINDOWS, QUIET_WINDOWS + 2))
    told = runner.invoke(app, ["explain", "shop", "amount", "--since", begin, "--until", end])
    assert told.exit_code == 0, told.output
    assert "amount of version 1: 2 windows" in told.output
    assert "Evidence is weighed window by window" in told.output
    assert "baseline training" in told.output
    assert "█" in told.output
    # Bins that the range leaves empty could hold anything of the baseline: PSI has no upper end.
    (psi,) = [line for line in told.output.splitlines() if line.startswith("psi")]
    assert "no upper limit" in psi

    answered = runner.invoke(app, ["explain", "shop", "amount", "--since", begin, "--json"])
    assert answered.exit_code == 0
    found = json.loads(answered.output)
    assert (found["windows"], found["first_window"][:16]) == (2, begin)
    measured = {one["name"]: one for one in found["statistics"]}
    assert measured["psi"]["upper"] is None
    assert measured["psi"]["value"] > measured["psi"]["lower"] >= 0

    for arguments, said in (
        (["--until", end], "until needs since"),
        (["--since", end, "--until", begin], "must be before until"),
        (["--since", begin, "--window", begin], "not for both"),
    ):
        with pytest.raises(InvalidInput, match=said):
            runner.invoke(app, ["explain", "shop", "amount", *arguments], catch_exceptions=False)
