"""Which windows the labels of a model are counted in when nobody names a range."""

from __future__ import annotations

from datetime import datetime, timedelta

from detectors.windows import last_closed_end
from driftline.settings import Settings


def recent_windows(settings: Settings, now: datetime) -> tuple[datetime, datetime]:
    """Closed windows within the lookback: start of the first, end of the last."""
    until = last_closed_end(now, settings.window_seconds, settings.allowed_lateness_seconds)
    return until - timedelta(seconds=settings.window_seconds * settings.lookback_windows), until
