-- Realised quality of a model's windows, newest first.
-- Parameters: model String; version String, empty for any; since_ms, until_ms Int64 Unix milliseconds
--   of the window's start, half open; limit UInt32.
-- Columns: one row a window of a version and metric. value, lower, upper and baseline_value in the
--   metric's unit (accuracy: 0..1); labelled of rows sampled predictions had a label.
-- Reads performance by the prefix (model) of its key (model, version, metric, window_start).
SELECT
    version,
    window_start,
    window_end,
    toString(metric) AS metric,
    value,
    lower,
    upper,
    baseline_value,
    labelled,
    effective_labelled,
    rows,
    evidence,
    threshold,
    toString(status) AS status,
    reason,
    computed_at
FROM performance FINAL
WHERE model = {model:String}
  AND ({version:String} = '' OR version = {version:String})
  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY window_start DESC, version DESC, metric
LIMIT {limit:UInt32}
