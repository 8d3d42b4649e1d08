"""Envoy's external processing in observability mode: Envoy sends copies and waits for nothing."""
