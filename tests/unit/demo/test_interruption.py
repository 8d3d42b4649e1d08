"""A signal ends the story even when something swallows its exception."""

from __future__ import annotations

import contextlib
import signal

import pytest

from demo.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_swallowed_signal_is_remembered(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    interruption = Interruption()
    with interruption.heeded():
        interruption.check()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(number)
        assert interruption.came
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
    assert signal.getsignal(number) is before
