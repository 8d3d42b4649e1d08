"""An HTTP API that speaks JSON: what hooks of servers with an address, a token and paths have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from pydantic import Field, FilePath, field_validator

from driftline.errors import AmbiguousDelivery, PermanentDelivery, RetryableDelivery
from driftline.outbound import Outbound
from driftline.secret_source import SecretSource
from integrations.hookspecs import HookConfig

READING = ("GET", "HEAD")


class ApiConfig(HookConfig):
    """A target with a server's address."""

    url: str = Field(description="The server's address, without credentials.")
    ca_file: FilePath | None = Field(default=None, description="Certificates to trust besides the usual.")

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not an http address: write it like https://ci.example")
        if "@" in parts.netloc or parts.query or parts.fragment:
            # The value is not repeated: it may hold a password.
            raise ValueError("url must have no credentials, query or fragment: name secrets by their source")
        return url.rstrip("/")

    @property
    def displayed(self) -> str:
        """The address; it holds no secret."""
        return self.url

    def api(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        bearer: SecretSource | None = None,
    ) -> JsonApi:
        """A client of this server that sends these headers, user and password or token with every call."""
        if bearer is not None:
            # A token that is not there is said now, and not at the first call.
            bearer.read()
        return JsonApi(
            self.url,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
            headers=headers,
            basic=basic,
            bearer=bearer,
        )


class JsonApi:
    """A server's API under one address.

    Whenever a call that is not a reading one (GET, HEAD) may have been acted on, it raises
    :class:`AmbiguousDelivery`: after 5xx and 408, since a proxy gives up while the server goes on, and after
    a 2xx whose answer cannot be read.

    Parameters
    ----------
    bearer
        A token, read at every call: Kubernetes replaces a pod's own about every hour.
    """

    def __init__(
        self,
        base: str,
        *,
        timeout_seconds: float,
        ca_file: Path | None = None,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        bearer: SecretSource | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._outbound = Outbound(
            timeout_seconds=timeout_seconds, verify=True if ca_file is None else str(ca_file)
        )
        self._headers = dict(headers or {})
        self._basic = basic
        self._bearer = bearer

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> httpx2.Response:
        """Call ``path`` (which begins with ``/``); errors as :meth:`Outbound.request`, and see the class."""
        try:
            return self._outbound.request(
                method,
                self._base + path,
                headers={**self._headers, **self._authorization(), **(headers or {})},
                json=json,
                form=form,
                params=params,
                basic=basic or self._basic,
                accept=accept,
            )
        except AmbiguousDelivery:
            raise
        except RetryableDelivery as error:
            if method in READING or error.reason != "server_error":
                raise
            raise AmbiguousDelivery(error.message, error.reason, error.retry_after_seconds) from error

    def object(self, method: str, path: str, **call: Any) -> dict[str, Any]:
        """The JSON object that is answered; ``call`` as for :meth:`send`."""
        return self.read_object(self.send(method, path, **call))

    def array(self, method: str, path: str, **call: Any) -> list[dict[str, Any]]:
        """The JSON objects in the array that is answered; ``call`` as for :meth:`send`."""
        response = self.send(method, path, **call)
        return objects(_decoded(response), response)

    def read_object(self, response: httpx2.Response) -> dict[str, Any]:
        """The JSON object in an answer."""
        value = _decoded(response)
        if not isinstance(value, dict):
            raise malformed(response, "a JSON object")
        return value

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _authorization(self) -> dict[str, str]:
        if self._bearer is None:
            return {}
        return {"authorization": f"Bearer {self._bearer.read().get_secret_value()}"}


def segment(text: str) -> str:
    """A text as one segment of a path.

    >>> segment("group/a project")
    'group%2Fa%20project'
    """
    return quote(text, safe="")


def objects(value: object, response: httpx2.Response) -> list[dict[str, Any]]:
    """A value that must be an array of JSON objects, and came in this answer."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise malformed(response, "an array of JSON objects")
    return value


def field_of(found: Mapping[str, Any], name: str, response_to: str) -> Any:
    """A field that an answer must have; :class:`AmbiguousDelivery` otherwise, since the run may exist."""
    if found.get(name) is None:
        raise AmbiguousDelivery(f"the answer to {response_to} has no {name!r}: {found!r:.200}", "malformed")
    return found[name]


def malformed(response: httpx2.Response, wanted: str) -> PermanentDelivery | AmbiguousDelivery:
    """The error for an answer that is not what was wanted."""
    method, url = response.request.method, response.request.url.copy_with(query=None)
    text = (
        f"{method} {url} was answered {response.status_code} {response.text[:200]!r}, which is not {wanted}"
    )
    return (PermanentDelivery if method in READING else AmbiguousDelivery)(text, "malformed")


def _decoded(response: httpx2.Response) -> object:
    try:
        value: object = response.json()
    except ValueError as error:
        raise malformed(response, "JSON") from error
    return value
