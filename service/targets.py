"""Where actions go: the targets that settings or a file of rules name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from alerting.notifiers.pacing import Pace
from alerting.notifiers.specs import Notifier, NotifierConfig
from alerting.notifiers.table import NOTIFIERS
from alerting.notifiers.told import Message, Told
from alerting.notifiers.webhook import WebhookNotifier
from alerting.outbox import Action
from alerting.rules.book import RuleBook
from alerting.rules.reading import TargetRole
from driftline.errors import InvalidInput, InvalidSettings, PermanentDelivery, RetryableDelivery
from driftline.outbound import displayed_target
from driftline.settings import Settings
from driftline.webhooks import WebhookSender
from integrations.hookspecs import HookConfig, PipelineHook
from integrations.table import HOOKS, hook_config
from integrations.webhook.hook import WebhookHook


def target_kind(kind: str) -> tuple[TargetRole, type[BaseModel]]:
    """What a kind of target in a file of rules is for, and what its configuration looks like.

    Raises
    ------
    InvalidInput
        There is no such kind; the message lists those there are.
    """
    if kind in NOTIFIERS:
        return "notifier", NOTIFIERS[kind]
    if kind in HOOKS:
        return "hook", hook_config(kind)
    raise InvalidInput(
        f"target kind {kind!r} is unknown: one of {', '.join(sorted(HOOKS))} starts pipelines, "
        f"one of {', '.join(sorted(NOTIFIERS))} is told"
    )


class SettingsTargets:
    """The addresses in ``notify_urls`` and ``pipeline_url``.

    The outbox holds addresses without credentials; the full one is looked up in the settings when an action
    is sent, so that no secret is stored.
    """

    def __init__(self, settings: Settings, sender: WebhookSender) -> None:
        self._sender = sender
        self._notifier = WebhookNotifier(sender)
        self._notify_urls = {displayed_target(url): url for url in settings.notify_urls}
        self._pipeline_urls = (
            {displayed_target(settings.pipeline_url): settings.pipeline_url} if settings.pipeline_url else {}
        )

    def batches(self, actions: Sequence[Action], now: datetime) -> list[tuple[Action, ...]]:
        """Each by itself."""
        return [(action,) for action in actions]

    def deliver(self, actions: Sequence[Action]) -> None:
        """Deliver notifications; raises :class:`driftline.errors.DeliveryError`."""
        for action in actions:
            self._notifier.deliver(action, _known(self._notify_urls, action.target))

    def hook(self, target: str) -> PipelineHook:
        """The pipeline's webhook."""
        return WebhookHook(self._sender, _known(self._pipeline_urls, target))


def _known(urls: dict[str, str], target: str) -> str:
    if target not in urls:
        raise PermanentDelivery(f"{target} is no longer in the settings (notify_urls, pipeline_url)", "gone")
    return urls[target]


class RuleTargets:
    """The targets in a file of rules, by their names; connections are kept while a target stays as it is."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._hooks: dict[str, tuple[HookConfig, PipelineHook]] = {}
        self._notifiers: dict[str, tuple[NotifierConfig, Notifier]] = {}
        self._paces: dict[str, Pace] = {}

    def batches(self, actions: Sequence[Action], now: datetime) -> list[tuple[Action, ...]]:
        """What may be told now, as messages: what is more than a target takes comes as a digest."""
        by_target: dict[str, list[Action]] = {}
        for action in actions:
            by_target.setdefault(action.target, []).append(action)
        found: list[tuple[Action, ...]] = []
        for target, waiting in by_target.items():
            config = self._notifier_config(target)
            if config is None:
                # Delivering says what is wrong.
                found += [(action,) for action in waiting]
            else:
                found += self._paces.setdefault(target, Pace()).batches(waiting, config, now)
        return found

    def deliver(self, actions: Sequence[Action]) -> None:
        """Tell a target, by one message; raises :class:`driftline.errors.DeliveryError`."""
        target = actions[0].target
        config = self._notifier_config(target)
        if config is None:
            raise PermanentDelivery(f"target {target!r} is no longer told by the file of rules", "gone")
        before = self._notifiers.get(target)
        if before is None or before[0] != config:
            if before is not None:
                before[1].close()
            try:
                before = config, config.connect()
            except InvalidSettings as error:
                raise RetryableDelivery(f"target {target!r}: {error.message}", "misconfigured") from error
            self._notifiers[target] = before
        before[1].send(Message(tuple(Told.of_payload(action.payload) for action in actions)))

    def _notifier_config(self, target: str) -> NotifierConfig | None:
        found = self._book.current().targets.get(target)
        return found.config if found is not None and isinstance(found.config, NotifierConfig) else None

    def hook(self, target: str) -> PipelineHook:
        """The hook of a target; :class:`PermanentDelivery` when it is gone or its secret is not there."""
        found = self._book.current().targets.get(target)
        if found is None or not isinstance(found.config, HookConfig):
            raise PermanentDelivery(f"target {target!r} is no longer in the file of rules", "gone")
        before = self._hooks.get(target)
        if before is not None and before[0] == found.config:
            return before[1]
        if before is not None:
            before[1].close()
        try:
            hook = found.config.connect()
        except InvalidSettings as error:
            raise RetryableDelivery(f"target {target!r}: {error.message}", "misconfigured") from error
        self._hooks[target] = found.config, hook
        return hook

    def close(self) -> None:
        """Close the connections."""
        for _, hook in self._hooks.values():
            hook.close()
        for _, notifier in self._notifiers.values():
            notifier.close()
        self._hooks.clear()
        self._notifiers.clear()


def targets_of(book: RuleBook, settings: Settings, sender: WebhookSender) -> SettingsTargets | RuleTargets:
    """Targets of the file of rules when there is one, else of the settings."""
    return RuleTargets(book) if book.from_file else SettingsTargets(settings, sender)
