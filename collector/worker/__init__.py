"""The worker process: from copied bytes to events in ClickHouse, away from the inference path."""
