"""Where baselines used to live; import from :mod:`detectors.baselines`."""

from detectors.baselines.baseline import Baseline as Baseline
from detectors.baselines.baseline import BaselineColumn as BaselineColumn
from detectors.baselines.baseline import EventRange as EventRange
from detectors.baselines.building import ONE_WINDOW_SECONDS as ONE_WINDOW_SECONDS
from detectors.baselines.building import build_baseline as build_baseline
from detectors.baselines.stored import load_baselines as load_baselines
from detectors.baselines.stored import save_baseline as save_baseline
