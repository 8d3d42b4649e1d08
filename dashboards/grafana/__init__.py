"""Grafana as code: one dashboard on the ClickHouse data source, and its provisioning."""
