"""Taps beside the inference path: CloudEvents, Envoy's external processing, and clients inside the server."""
