-- Realised quality of the models of a graph in a range: of each model the newest judged window, and since when
-- windows are decayed.
-- Parameters: models Array(String); since, until DateTime64(3), half-open.
-- Columns: model; metric; status, value, lower, upper, baseline_value of the newest judged window; decayed_since,
--   start of the first decayed window of the range, null without.
-- Reads performance by the prefix (model) of its key.
SELECT
    toString(p.model) AS model,
    toString(p.metric) AS metric,
    argMax(toString(p.status), p.window_start) AS status,
    argMax(p.value, p.window_start) AS value,
    argMax(p.lower, p.window_start) AS lower,
    argMax(p.upper, p.window_start) AS upper,
    argMax(p.baseline_value, p.window_start) AS baseline_value,
    minOrNullIf(p.window_start, p.status = 'decayed') AS decayed_since
FROM performance AS p FINAL
WHERE p.model IN {models:Array(String)} AND p.segment = '' AND p.basis = '' AND p.class_name = ''
    AND p.status IN ('ok', 'watch', 'decayed')
    AND p.window_start >= {since:DateTime64(3, 'UTC')} AND p.window_start < {until:DateTime64(3, 'UTC')}
GROUP BY model, metric
ORDER BY model, metric
