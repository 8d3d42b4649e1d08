-- Share of the windows of the range that could not be compared: too few rows, no baseline, or a failure.
-- Columns: uncompared, 0..1.
SELECT countIf(status IN ('insufficient_data', 'no_baseline', 'failed')) / nullIf(count(), 0) AS uncompared
FROM windows FINAL
WHERE $__timeFilter(window_start)
