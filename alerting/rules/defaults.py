"""Rules without a file: what the settings ``notify_urls`` and ``pipeline_url`` amount to."""

from __future__ import annotations

from typing import get_args

from alerting.rules.document import Rule, RuleFile, RuleKind
from driftline.outbound import displayed_target
from driftline.settings import Settings

HARMFUL: tuple[RuleKind, ...] = ("decay", "harmful_drift")


def rules_of_settings(settings: Settings) -> RuleFile:
    """Tell every address of every episode, and retrain when quality fell.

    With ``pipeline_trigger: drift`` also at drift that is not shown to be harmless.
    """
    rules = []
    if settings.notify_urls:
        targets = tuple(dict.fromkeys(map(displayed_target, settings.notify_urls)))
        rules.append(Rule(name="notify_urls", on=get_args(RuleKind), notify=targets))
    if settings.pipeline_url:
        on = HARMFUL if settings.pipeline_trigger == "decay" else ("drift", *HARMFUL)
        actions = {"retrain": displayed_target(settings.pipeline_url)}
        rules.append(Rule(name="pipeline_url", on=on, severity="critical", actions=actions))
    return RuleFile(rules=tuple(rules))
