"""One model of each kind, trained once for all tests of the demo."""

from __future__ import annotations

import numpy as np
import pytest

from demo.classifier import Classifier
from demo.digits import load_pools
from demo.scanner import HEALTHY
from demo.training import CAPTURES_A_DOCUMENT, capture_repeatedly, train


@pytest.fixture(scope="session")
def champion() -> Classifier:
    """The first version, as the story trains it."""
    rng = np.random.default_rng(1)
    return train(capture_repeatedly(load_pools().train, HEALTHY, CAPTURES_A_DOCUMENT, rng), seed=1)
