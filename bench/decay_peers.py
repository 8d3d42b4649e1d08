"""What others run on the errors of a model, at their defaults."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.streams.library import river_detector

PEERS = ("mean of 10 reference chunks +- 3 sd", "DDM", "ADWIN")

Errors = NDArray[np.bool_]


def peer_alarms(peer: str, past: Errors, stream: Errors, window: int) -> int:
    """Alarms of a peer on one stream of errors.

    Parameters
    ----------
    past, stream
        Whether each answer was wrong, of the reference and of the stream.
    window
        Labels a window, and a chunk of the reference.
    """
    if peer == PEERS[0]:
        chunks = past.reshape(-1, window).mean(axis=1)
        values = stream.reshape(-1, window).mean(axis=1)
        return int((np.abs(values - chunks.mean()) > 3 * chunks.std(ddof=1)).sum())
    module = "river.drift" if peer == "ADWIN" else "river.drift.binary"
    detector = river_detector(module, peer)
    alarms = 0
    for wrong in np.concatenate([past, stream]).astype(int).tolist():
        detector.update(wrong)
        alarms += bool(detector.drift_detected)
    return alarms
