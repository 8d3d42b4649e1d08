"""``driftline replay`` without its command line: what monitoring would have said about a file's history."""

from service.replay.options import ReplayOptions
from service.replay.outcome import Replay
from service.replay.run import replay

__all__ = ["Replay", "ReplayOptions", "replay"]
