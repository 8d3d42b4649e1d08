"""Calls to Airflow with a token that expires."""

from __future__ import annotations

from typing import Any

import httpx2
from pydantic import SecretStr

from driftline.errors import PermanentDelivery
from integrations.json_api import JsonApi


class AirflowSession:
    """Sends every call with a token; with a login, one that is refused is renewed once.

    Parameters
    ----------
    login
        User and password that Airflow 3 gives a token for; the token is asked for at the first call.
    token
        A token that a person made; it cannot be renewed.
    """

    def __init__(
        self, api: JsonApi, *, login: tuple[str, str] | None = None, token: SecretStr | None = None
    ) -> None:
        self.api = api
        self._login = login
        self._token = token

    def send(
        self, method: str, path: str, *, json: Any = None, accept: tuple[int, ...] = ()
    ) -> httpx2.Response:
        """Call; a call that was refused (401, 403) was not acted on and is repeated with a new token."""
        if self._login is None:
            return self._send(method, path, json=json, accept=accept)
        fresh = self._token is None
        if fresh:
            self._token = self._new_token(self._login)
        try:
            return self._send(method, path, json=json, accept=accept)
        except PermanentDelivery as error:
            if error.reason != "unauthorized" or fresh:
                raise
        self._token = self._new_token(self._login)
        return self._send(method, path, json=json, accept=accept)

    def object(self, method: str, path: str, *, json: Any = None) -> dict[str, Any]:
        """The JSON object that is answered."""
        return self.api.read_object(self.send(method, path, json=json))

    def _send(self, method: str, path: str, *, json: Any, accept: tuple[int, ...]) -> httpx2.Response:
        headers = {} if self._token is None else {"authorization": f"Bearer {self._token.get_secret_value()}"}
        return self.api.send(method, path, json=json, headers=headers, accept=accept)

    def _new_token(self, login: tuple[str, str]) -> SecretStr:
        user, password = login
        answer = self.api.object("POST", "/auth/token", json={"username": user, "password": password})
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            # The answer is not repeated: it may hold a token under another name.
            raise PermanentDelivery("the answer to /auth/token has no access_token", "malformed")
        return SecretStr(token)
