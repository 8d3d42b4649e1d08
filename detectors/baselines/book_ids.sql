-- Which baselines were stored since a moment.
-- Parameters: since DateTime64(6).
-- Columns: model; version; baseline_id; created_at. One row a baseline.
-- Reads the column created_at of the whole table baselines, and the others only where it is late enough.
SELECT toString(model) AS model, toString(version) AS version, baseline_id, max(baselines.created_at) AS created_at
FROM baselines
PREWHERE baselines.created_at >= {since:DateTime64(6, 'UTC')}
GROUP BY model, version, baseline_id
ORDER BY model, version, created_at, baseline_id
