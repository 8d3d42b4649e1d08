"""Buildbot 4.3 with one force scheduler, which only the user ``driftline`` may use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from driftline.engine.config import free_port
from tests.e2e.servers import running, venv_with

REQUIREMENTS = Path(__file__).with_name("requirements-buildbot.txt")
PASSWORD = "pw-1"
MASTER = """
from buildbot.plugins import schedulers, steps, util, worker

seconds = util.Property("SECONDS", default="0")
factory = util.BuildFactory([
    steps.MasterShellCommand(command=["sleep", seconds]),
    steps.MasterShellCommand(command=["test", util.Property("DRIFTLINE_MODEL"), "!=", "broken"]),
])
may = util.Authz(
    allowRules=[util.AnyControlEndpointMatcher(role="retrainer")],
    roleMatchers=[util.RolesFromUsername(roles=["retrainer"], usernames=["driftline"])],
)
BuildmasterConfig = {{
    "workers": [worker.LocalWorker("local")],
    "protocols": {{"null": {{}}}},
    "builders": [
        util.BuilderConfig(name="retrain", workernames=["local"], factory=factory, collapseRequests=False)
    ],
    "schedulers": [
        schedulers.ForceScheduler(
            name="force-retrain",
            builderNames=["retrain"],
            properties=[
                util.StringParameter(name="DRIFTLINE_ACTION_ID"),
                util.StringParameter(name="DRIFTLINE_MODEL"),
                util.StringParameter(name="SECONDS", default="{seconds}"),
            ],
        )
    ],
    "www": {{
        "port": "tcp:{port}:interface=127.0.0.1",
        "auth": util.UserPasswordAuth({{"driftline": "{password}"}}),
        "authz": may,
    }},
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    "title": "retraining",
    "titleURL": "http://127.0.0.1:{port}/",
    "buildbotURL": "http://127.0.0.1:{port}/",
    "buildbotNetUsageData": None,
}}
"""


@contextmanager
def buildbot(folder: Path, *, build_seconds: float = 0.0) -> Iterator[int]:
    """A master until the block ends; its port. A build of the model ``broken`` fails."""
    program = venv_with(REQUIREMENTS) / "bin" / "buildbot"
    created = subprocess.run(
        [str(program), "create-master", "-r", "."], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert created.returncode == 0, created.stderr[-2000:]
    port = free_port()
    (folder / "master.cfg").write_text(MASTER.format(port=port, password=PASSWORD, seconds=build_seconds))

    def ready() -> bool:
        client = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            client.request("GET", "/api/v2/forceschedulers")
            return client.getresponse().status == 200
        finally:
            client.close()

    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    with running([program, "start", "--nodaemon", "."], folder=folder, ready=ready, environment=environment):
        yield port
