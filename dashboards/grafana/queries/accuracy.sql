-- Realised accuracy with its interval and the baseline's, by the version with most labels.
-- Columns: time, lower, upper, accuracy, baseline: 0..1.
SELECT
    window_start AS time,
    argMax(performance.lower, labelled) AS lower,
    argMax(performance.upper, labelled) AS upper,
    argMax(value, labelled) AS accuracy,
    argMax(nullIf(baseline_value, nan), labelled) AS baseline
FROM performance FINAL
WHERE model = ${model:singlequote}
  AND metric = 'accuracy'
  AND segment = '' AND basis = '' AND class_name = ''
  AND $__timeFilter(window_start)
  AND labelled > 0
GROUP BY time
ORDER BY time
