"""Every error Driftline raises on purpose, as one tree.

    DriftlineError
    ├── InvalidInput              bad_input          422  exit 2
    │   ├── InvalidSettings       invalid_settings   500  exit 2
    │   ├── InvalidContract       invalid_contract   422  exit 2
    │   ├── InvalidRules          invalid_rules      422  exit 2  (in alerting.rules, with its faults)
    │   ├── UnreadableFile        unreadable_file    422  exit 2
    │   └── ContractMismatch      contract_mismatch  422  exit 2
    ├── NotFound                  not_found          404  exit 2
    ├── Conflict                  conflict           409  exit 2
    ├── Unauthorized              unauthorized       401  exit 2
    ├── Busy                      busy               409  exit 2
    │   ├── StateFolderInUse      state_folder_in_use
    │   └── PortInUse             port_in_use
    ├── StoreError                store_error        500  exit 2
    │   ├── StoreUnavailable      store_unavailable  503  exit 2  retryable
    │   ├── StoreVersionTooOld    store_version      500  exit 2
    │   └── StoreQueryFailed      store_query        500  exit 2
    ├── EngineError               engine_error       500  exit 2
    ├── DependencyMissing         dependency_missing 500  exit 2
    └── DeliveryError             delivery           502  exit 2
        ├── RetryableDelivery     delivery_retryable 502  exit 2  retryable
        │   └── AmbiguousDelivery delivery_ambiguous 502  exit 2  retryable
        └── PermanentDelivery     delivery_permanent 502  exit 2

A message says what failed, the value received and what to do about it. Exit code 2 means "trouble"
everywhere, because ``driftline check`` answers like ``diff``: 0 no drift, 1 drift, 2 trouble.
"""

from __future__ import annotations

from typing import ClassVar, Literal


class DriftlineError(Exception):
    """Root of the tree: a failure with a stable code that API, command line and logs share."""

    code: ClassVar[str] = "driftline_error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 2
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(DriftlineError):
    code = "bad_input"
    http_status = 422


class InvalidSettings(InvalidInput):
    code = "invalid_settings"
    http_status = 500


class InvalidContract(InvalidInput):
    code = "invalid_contract"


class UnreadableFile(InvalidInput):
    code = "unreadable_file"


class ContractMismatch(InvalidInput):
    code = "contract_mismatch"


class NotFound(DriftlineError):
    code = "not_found"
    http_status = 404


class Conflict(DriftlineError):
    code = "conflict"
    http_status = 409


class Unauthorized(DriftlineError):
    code = "unauthorized"
    http_status = 401


class Busy(DriftlineError):
    code = "busy"
    http_status = 409


class StateFolderInUse(Busy):
    code = "state_folder_in_use"


class PortInUse(Busy):
    code = "port_in_use"


class StoreError(DriftlineError):
    code = "store_error"


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    http_status = 503
    retryable = True


class StoreVersionTooOld(StoreError):
    code = "store_version"


class StoreQueryFailed(StoreError):
    code = "store_query"

    def __init__(self, message: str, clickhouse_code: int | None = None) -> None:
        super().__init__(message)
        self.clickhouse_code = clickhouse_code


class EngineError(DriftlineError):
    """The embedded ClickHouse could not be started or kept alive."""

    code = "engine_error"


class DependencyMissing(DriftlineError):
    code = "dependency_missing"


DeliveryReason = Literal[
    "unreachable",
    "timeout",
    "server_error",
    "rate_limited",
    "rejected",
    "gone",
    "redirected",
    "malformed",
    "unauthorized",
    "misconfigured",
]


class DeliveryError(DriftlineError):
    """A webhook or hook did not take what was sent; ``reason`` is closed because it labels a metric."""

    code = "delivery"
    http_status = 502

    def __init__(self, message: str, reason: DeliveryReason) -> None:
        super().__init__(message)
        self.reason: DeliveryReason = reason


class RetryableDelivery(DeliveryError):
    code = "delivery_retryable"
    retryable = True

    def __init__(
        self, message: str, reason: DeliveryReason, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, reason)
        self.retry_after_seconds = retry_after_seconds


class AmbiguousDelivery(RetryableDelivery):
    """The target may have taken what was sent: ask it before sending again."""

    code = "delivery_ambiguous"


class PermanentDelivery(DeliveryError):
    code = "delivery_permanent"
