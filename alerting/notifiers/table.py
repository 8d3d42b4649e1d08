"""Every kind of target that can be told, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alerting.notifiers.chat_robots import DingTalkConfig, FeishuConfig, WeComConfig
from alerting.notifiers.email import EmailConfig
from alerting.notifiers.incident_services import AlertmanagerConfig, PagerDutyConfig
from alerting.notifiers.signed_webhook import SignedWebhookConfig
from alerting.notifiers.slack import SlackConfig
from alerting.notifiers.specs import NotifierConfig

NOTIFIERS: Final[Mapping[str, type[NotifierConfig]]] = {
    "alertmanager": AlertmanagerConfig,
    "dingtalk": DingTalkConfig,
    "email": EmailConfig,
    "feishu": FeishuConfig,
    "notify_webhook": SignedWebhookConfig,
    "pagerduty": PagerDutyConfig,
    "slack": SlackConfig,
    "wecom": WeComConfig,
}
