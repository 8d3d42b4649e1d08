"""Inference in several stages: their graph, their joined traces, and at which of them a change begins."""

from detectors.stages.graph import Stage, StageGraph, load_graph_file, parse_graph
from detectors.stages.inferring import InferredGraph, infer_graphs
from detectors.stages.report import StageQuestion, stage_report, summary
from detectors.stages.stored import StageGraphs

__all__ = [
    "InferredGraph",
    "Stage",
    "StageGraph",
    "StageGraphs",
    "StageQuestion",
    "infer_graphs",
    "load_graph_file",
    "parse_graph",
    "stage_report",
    "summary",
]
