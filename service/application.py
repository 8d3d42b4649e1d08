"""The application object: every room wired once, embeddable in a server, a command or a test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from alerting.episode import EpisodeStore
from alerting.outbox import Outbox
from alerting.rules.book import RuleBook
from detectors.monitor import Monitor
from detectors.performance.quality_monitor import QualityMonitor
from driftline.contract_store import ContractStore
from driftline.latest_contracts import LatestContracts
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.lease import Lease
from driftline.webhooks import WebhookSender, webhook_secret
from service.admission import Admission
from service.dispatch import Dispatcher
from service.gates import Gates
from service.metrics import Metrics
from service.targets import target_kind, targets_of


@dataclass(frozen=True)
class Application:
    """Rooms on one store; parts are made when first asked for.

    Parameters
    ----------
    base_url
        Address under which people and pipelines reach this service, without a trailing slash.
    holder
        Name of this control loop among others; only for one that is surely alone of that name.
    """

    store: Store
    settings: Settings
    base_url: str
    holder: str = ""

    @cached_property
    def contracts(self) -> ContractStore:
        return ContractStore(self.store)

    @cached_property
    def latest_contracts(self) -> LatestContracts:
        return LatestContracts(self.store)

    @cached_property
    def monitor(self) -> Monitor:
        return Monitor(self.store, self.settings)

    @cached_property
    def quality(self) -> QualityMonitor:
        return QualityMonitor(self.store, self.settings)

    @cached_property
    def episodes(self) -> EpisodeStore:
        return EpisodeStore(self.store)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.store)

    @cached_property
    def rules(self) -> RuleBook:
        return RuleBook(self.settings, target_kind)

    @cached_property
    def gates(self) -> Gates:
        return Gates(self.store, self.settings, lambda: self.rules.current().file, self.base_url)

    @cached_property
    def admission(self) -> Admission:
        return Admission(self.store, self.outbox, self.metrics, self.gates)

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics()

    @cached_property
    def sender(self) -> WebhookSender:
        return WebhookSender(
            webhook_secret(self.settings), timeout_seconds=self.settings.delivery_timeout_seconds
        )

    @cached_property
    def dispatcher(self) -> Dispatcher:
        patience = 2 * self.settings.delivery_timeout_seconds
        return Dispatcher(
            self.outbox,
            targets_of(self.rules, self.settings, self.sender),
            self.metrics,
            may_send=lambda: self.lease.keep(patience),
            doubt_seconds=patience,
        )

    @cached_property
    def lease(self) -> Lease:
        """The right to decide and to send, of one control loop at a time."""
        return Lease(self.store, "control", seconds=self.settings.lease_seconds, holder=self.holder)
