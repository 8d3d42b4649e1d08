"""The node agent: CPU, memory and GPU use of the processes that serve models on this node."""
