"""Where a secret is read from: a name in a file of rules or settings, never the secret itself."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from driftline.errors import InvalidSettings


class SecretSource(BaseModel):
    """An environment variable (``{env: NAME}``) or a file (``{file: path}``); read anew at every use.

    A file may be replaced while the service runs, as Kubernetes does with mounted secrets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SecretSource:
        if (self.env is None) == (self.file is None):
            raise ValueError("name the secret's source by either `env` or `file`")
        return self

    def read(self) -> SecretStr:
        """The secret; :class:`InvalidSettings` when it is not there or empty."""
        if self.env is not None:
            value = os.environ.get(self.env, "")
            where = f"environment variable {self.env}"
        else:
            assert self.file is not None
            where = f"file {self.file}"
            try:
                value = self.file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidSettings(f"the secret in {where} cannot be read: {error}") from error
        if not value:
            raise InvalidSettings(f"the secret in {where} is not set")
        return SecretStr(value)
