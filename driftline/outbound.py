"""Calls to targets of other people: every way to fail is retryable, ambiguous or permanent.

A call is *ambiguous* when the target may have acted on it although no answer came: the request was sent, then
the connection broke or the time ran out. A call that could not even connect is plainly retryable.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from driftline.errors import AmbiguousDelivery, PermanentDelivery, RetryableDelivery

LONGEST_RETRY_AFTER_SECONDS = 86400.0
"""A receiver cannot put a delivery off for longer than a day."""


def displayed_target(url: str) -> str:
    """Where a webhook goes, fit to be stored and shown: the host, and a digest for all the rest.

    Chat services keep their secret in the path or the query, so neither is shown; the digest tells two
    addresses on one host apart.

    >>> displayed_target("https://user:pw@ci.example/hook?token=abc")
    'https://ci.example/…7ebdf028'
    >>> displayed_target("http://[::1]:8080/")
    'http://[::1]:8080/'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not an address)"
    # What is before the last @ is credentials; hostname would lose the brackets of an IPv6 address.
    credentials, _, host = parts.netloc.rpartition("@")
    if not parts.netloc:
        return "(not an address)"
    if parts.path in ("", "/") and not (credentials or parts.query or parts.fragment):
        return url
    digest = hashlib.blake2b(url.encode(), digest_size=4).hexdigest()
    return f"{parts.scheme}://{host}/…{digest}"


class Outbound:
    """An HTTP client for targets; redirects are never followed, since they would take secrets elsewhere.

    Parameters
    ----------
    timeout_seconds
        For connecting, and between two pieces of the answer.
    verify
        Whether certificates are checked, or a file of certificates that are trusted besides.
    """

    def __init__(self, *, timeout_seconds: float, verify: bool | str = True) -> None:
        trusted = httpx2.create_ssl_context(verify=verify) if isinstance(verify, str) else verify
        self._client = httpx2.Client(timeout=timeout_seconds, follow_redirects=False, verify=trusted)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> httpx2.Response:
        """Call a target and return its answer: any 2xx, or a status in ``accept``.

        Raises
        ------
        RetryableDelivery
            Nothing was sent, or the answer was 429 or 503.
        AmbiguousDelivery
            Something was sent and no whole answer came, or 408 or another 5xx, as of a proxy that gave up
            while the target acts; of a reading call (GET, HEAD) plainly retryable.
        PermanentDelivery
            A redirect, any other 4xx, or an address that is none.
        """
        target = displayed_target(url)
        if not _is_http(url):
            raise PermanentDelivery(f"{target} is not an http address", "malformed")
        unclear = RetryableDelivery if method in ("GET", "HEAD") else AmbiguousDelivery
        try:
            response = self._client.request(
                method,
                url,
                headers={"user-agent": "driftline", **(headers or {})},
                content=content,
                json=json,
                data=dict(form) if form is not None else None,
                params=dict(params) if params is not None else None,
                auth=basic,
            )
        except (httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise RetryableDelivery(f"{target} did not answer in time", "timeout") from error
        except httpx2.TimeoutException as error:
            raise unclear(f"{target} did not answer in time", "timeout") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise PermanentDelivery(f"{target} is not an http address: {error}", "malformed") from error
        except httpx2.ConnectError as error:
            raise RetryableDelivery(f"{target} cannot be reached: {error}", "unreachable") from error
        except httpx2.HTTPError as error:
            raise unclear(f"{target} cannot be reached: {error}", "unreachable") from error
        if response.status_code not in accept:
            _raise_for(response, target, unclear)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def json_object(response: httpx2.Response, target: str) -> dict[str, Any]:
    """The JSON object in an answer; :class:`PermanentDelivery` when it is none."""
    said = f"{target} answered {response.text[:200]!r}"
    try:
        value = response.json()
    except ValueError as error:
        raise PermanentDelivery(f"{said}, which is not JSON", "malformed") from error
    if not isinstance(value, dict):
        raise PermanentDelivery(f"{said}, which is not an object", "malformed")
    return value


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and not re.search(r"[\s\x00-\x1f]", url)


def _raise_for(response: httpx2.Response, target: str, unclear: type[RetryableDelivery]) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    said = f"{target} answered {status}: {response.text[:200]!r}"
    if status == 429:
        raise RetryableDelivery(said, "rate_limited", _retry_after_seconds(response.headers))
    if status == 408 or status >= 500:
        error = RetryableDelivery if status == 503 else unclear
        raise error(said, "server_error", _retry_after_seconds(response.headers))
    if 300 <= status < 400:
        raise PermanentDelivery(f"{said}; give the address it redirects to", "redirected")
    if status in (401, 403):
        raise PermanentDelivery(f"{said}; check the token in its settings", "unauthorized")
    raise PermanentDelivery(said, "gone" if status == 410 else "rejected")


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(LONGEST_RETRY_AFTER_SECONDS, max(0.0, seconds)) if math.isfinite(seconds) else None
