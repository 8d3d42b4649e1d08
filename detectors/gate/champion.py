"""Which version a candidate is compared with when nobody names one."""

from __future__ import annotations

from driftline.errors import NotFound
from driftline.store import Store, load_sql


def version_in_service(store: Store, model: str, candidate: str) -> str:
    """The version that answers most of the live traffic beside the candidate.

    Raises
    ------
    NotFound
        No other version has answered.
    """
    rows = store.query(load_sql(__file__, "in_service"), {"model": model, "version": candidate})
    if not rows:
        raise NotFound(f"no version of {model!r} other than {candidate!r} has a stored answer")
    return str(rows[0]["version"])
