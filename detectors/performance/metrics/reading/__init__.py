"""From ``labelled_events`` to the sums and columns that metrics are made of, one module a task."""
