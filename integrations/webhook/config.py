"""What a person writes of a target that takes signed webhooks."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from driftline.outbound import displayed_target
from driftline.secret_source import SecretSource
from driftline.webhooks import WebhookSender, checked_secret
from integrations.hookspecs import Ability, HookConfig
from integrations.webhook.hook import WebhookHook


class WebhookConfig(HookConfig):
    """Any pipeline that can take a signed request; it reports the outcome by callback."""

    kind: Literal["webhook"] = "webhook"
    url: str | None = Field(default=None, description="Where the request goes.")
    secret_url: SecretSource | None = Field(
        default=None, description="Where the address is read from when it holds a secret itself."
    )
    signing_key: SecretSource = Field(
        description="The key that signs: `whsec_` and base64 (Standard Webhooks)."
    )

    abilities: ClassVar[frozenset[Ability]] = frozenset({"deduplicate"})

    @model_validator(mode="after")
    def _one_address(self) -> WebhookConfig:
        if (self.url is None) == (self.secret_url is None):
            raise ValueError(
                "give either `url`, or `secret_url` with the source of an address that is a secret"
            )
        return self

    @property
    def displayed(self) -> str:
        """The host and a digest; of a secret address, where it is read from."""
        if self.url is not None:
            return displayed_target(self.url)
        assert self.secret_url is not None
        return f"(address in {self.secret_url.env or self.secret_url.file})"

    def connect(self) -> WebhookHook:
        if self.url is not None:
            url = self.url
        else:
            assert self.secret_url is not None
            url = self.secret_url.read().get_secret_value()
        key = checked_secret(self.signing_key.read())
        return WebhookHook(WebhookSender(key, timeout_seconds=self.timeout_seconds), url, owned=True)
