"""The telling of the story: programs are started, watched, and the scanner wears out when all is well."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from demo import programs
from demo.api import DriftlineApi
from demo.children import Children
from demo.configuration import HEALTHY_WINDOWS, Places, Ports, loopback, new_webhook_secret, write_settings
from demo.digits import MODEL
from demo.interruption import Interruption
from demo.screen import Screen
from demo.stages import STAGES, StoryFailed
from demo.view import Sources, View
from driftline.errors import RetryableDelivery

LIMIT_SECONDS = 240.0
POLL_SECONDS = 0.5


class Story:
    """One telling, from the first program's start to the last stage.

    Parameters
    ----------
    folder
        Where everything is written.
    port
        Port of the page; a free one when ``None``.
    screen
        Who is told.
    interruption
        What ends the story early; looked at while it waits.

    Attributes
    ----------
    screen
        Who is told; entered by whoever runs the story.
    children
        The programs; whoever makes a story stops them.
    stages
        What has happened: ``at_seconds`` since the start, and figures.
    fault_at_seconds
        When the scanner wore out.
    """

    def __init__(
        self, folder: Path, port: int | None, screen: Screen, interruption: Interruption | None = None
    ) -> None:
        self._began = time.monotonic()
        self.began_at = datetime.now(UTC)
        self._places = Places(folder)
        self.screen = screen
        self._ports = Ports.choose(port)
        self._fault_at: datetime | None = None
        self.base_url = loopback(self._ports.page)
        self.page = f"{self.base_url}/models/{MODEL}"
        self.fault_at_seconds: float | None = None
        self.stages: dict[str, dict[str, Any]] = {}
        environment = {
            "DRIFTLINE_CONFIG": str(write_settings(folder, self._ports)),
            "DRIFTLINE_WEBHOOK_SECRET": new_webhook_secret(),
        }
        self.children = Children(folder / "logs", environment, interruption)

    @property
    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began

    @property
    def missing(self) -> list[str]:
        """Stages that have not happened."""
        return [stage.name for stage in STAGES if stage.name not in self.stages]

    def run(self) -> None:
        """Tell it to the end.

        Raises
        ------
        StoryFailed
            A stage cannot happen any more, or did not within the limit.
        ChildFailed
            A program ended or did not start.
        """
        with ExitStack() as stack:
            sources = self._start_programs(stack)
            while self.missing:
                self.children.check()
                if self.seconds > LIMIT_SECONDS:
                    raise StoryFailed(f"{self.missing[0]} did not happen within {LIMIT_SECONDS:.0f} s")
                try:
                    self._look(View(sources, self._fault_at))
                except (RetryableDelivery, httpx2.TransportError) as error:
                    self.screen.progress(f"waits: {error}")
                time.sleep(POLL_SECONDS)

    def _start_programs(self, stack: ExitStack) -> Sources:
        children, ports, places = self.children, self._ports, self._places
        self.screen.page(self.page)
        self.screen.note("starts ClickHouse and driftline serve, trains the model")
        serve = programs.start_driftline(children)
        pipeline = programs.start_pipeline(children, ports, places)
        programs.train_first_version(places)
        server = programs.start_model_server(children, ports, places)
        children.await_ready(serve, f"{self.base_url}/readyz", programs.START_SECONDS)
        collector = programs.start_collector(children, ports)
        api = stack.enter_context(DriftlineApi(self.base_url))
        self.screen.note("registers the model's contract and baseline")
        programs.introduce_model(api, places)
        model_url, pipeline_url = loopback(ports.model_server), loopback(ports.pipeline)
        through_collector = f"{loopback(ports.collector)}/v2/health/ready"
        for child, url in (
            (server, f"{model_url}/v2/health/ready"),
            (pipeline, f"{pipeline_url}/healthz"),
            (collector, through_collector),
        ):
            children.await_ready(child, url, programs.START_SECONDS)
        programs.start_traffic(children, ports, places)
        model_client = stack.enter_context(httpx2.Client(base_url=model_url, trust_env=False))
        pipeline_client = stack.enter_context(httpx2.Client(base_url=pipeline_url, trust_env=False))
        return Sources(api, model_client, pipeline_client, places.traffic_report)

    def _look(self, view: View) -> None:
        for stage in STAGES:
            figures = stage.observe(view) if stage.name not in self.stages else None
            if figures is not None:
                self.stages[stage.name] = {"at_seconds": round(self.seconds, 1), **figures}
                self.screen.reached(stage, self.seconds, figures)
        if self._fault_at is None:
            self._wear_scanner_when_healthy(view)
        if view.traffic:
            self.screen.progress(f"{view.traffic['rows']:,} scans, {view.traffic['labels']:,} labelled")

    def _wear_scanner_when_healthy(self, view: View) -> None:
        if view.episodes:
            raise StoryFailed(f"an episode opened before anything was wrong: {view.episodes[0]['summary']}")
        if sum(row["status"] == "ok" for row in view.windows) >= HEALTHY_WINDOWS:
            self._places.worn_flag.touch()
            self._fault_at = datetime.now(UTC)
            self.fault_at_seconds = round(self.seconds, 1)
            self.screen.note("the scanner wears out: blur, faint contrast, noise")
