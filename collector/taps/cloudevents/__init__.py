"""Inference loggers that send CloudEvents over HTTP: KServe's agent, Seldon's executor, and anyone's own."""
