"""One bounded HTTP request for an exporter's text: short, small, no redirects, no surprises."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import httpx2

from collector.node.reading import SourceFailed

LARGEST_ANSWER = 8 * 2**20
"""Bytes; the text of a node's exporter is below 1 MiB."""


class Scraper:
    """Fetches one address again and again over one kept connection.

    Parameters
    ----------
    url
        Address; neither proxies nor redirects are followed.
    seconds
        Longest wait for each step of the request.
    token_file
        Bearer token, read at every request because it is rotated.
    ca_file
        Certificates that an https address is checked against; the system's when absent.
    """

    def __init__(
        self, url: str, seconds: float, token_file: Path | None = None, ca_file: Path | None = None
    ) -> None:
        self._url = url
        self._seconds = seconds
        self._token_file = token_file
        self._ca_file = ca_file
        self._client: httpx2.Client | None = None

    def fetch(self, deadline: float, accept: str = "text/plain;version=0.0.4") -> bytes:
        """The body of a 200 answer.

        Raises
        ------
        SourceFailed
            Anything else, or not whole before ``deadline`` (a ``time.monotonic`` value).
        """
        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": "driftline"}
        try:
            if self._token_file is not None:
                headers["authorization"] = f"Bearer {self._token_file.read_text(encoding='ascii').strip()}"
            with self._connected().stream("GET", self._url, headers=headers) as answer:
                _require_plain(answer)
                body = bytearray()
                for chunk in answer.iter_raw():
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise SourceFailed("too_large", f"its answer is above {LARGEST_ANSWER} bytes")
                    if time.monotonic() > deadline:
                        raise SourceFailed("timeout", f"no whole answer within {self._seconds:g} s")
        except httpx2.TimeoutException as error:
            raise SourceFailed("timeout", f"no answer within {self._seconds:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError) as error:
            raise SourceFailed("unreachable", f"it cannot be asked: {error}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SourceFailed("unreadable", f"its token or certificate cannot be read: {error}") from error
        return bytes(body)

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> httpx2.Client:
        if self._client is None:
            verify = (
                ssl.create_default_context(cafile=str(self._ca_file)) if self._ca_file is not None else True
            )
            self._client = httpx2.Client(
                verify=verify, timeout=self._seconds, follow_redirects=False, trust_env=False
            )
        return self._client


def _require_plain(answer: httpx2.Response) -> None:
    if answer.is_redirect or answer.has_redirect_location:
        raise SourceFailed("redirect", f"it answers with a redirect ({answer.status_code}): give the address")
    if answer.status_code != 200:
        raise SourceFailed("http_status", f"it answers with status {answer.status_code}")
    encoding = answer.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise SourceFailed("encoding", f"its answer is encoded ({encoding[:32]!r}) although not asked for")
    if "openmetrics" in answer.headers.get("content-type", ""):
        # There, times are in seconds and not in milliseconds.
        raise SourceFailed("format", "it answers in OpenMetrics although plain text was asked for")
