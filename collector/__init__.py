"""Collector: the tap beside a model server, its worker, and the node agent."""
