-- Share of the compared windows of the range that drifted.
-- Columns: drifted, 0..1.
SELECT countIf(status = 'drifted') / nullIf(countIf(status IN ('ok', 'watch', 'drifted')), 0) AS drifted
FROM windows FINAL
WHERE $__timeFilter(window_start)
