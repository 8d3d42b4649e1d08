-- Quality of a model's windows, newest first.
-- Parameters: model String; version String, empty for any; metric, empty for those that decide decay, * for all;
--   basis, empty for realised, * for all; segment, empty for all rows, * for all; since_ms, until_ms Int64 Unix
--   milliseconds of the window's start, half open; limit UInt32.
-- Columns: one row a window of a version, metric, segment, basis and class. value, lower, upper, baseline_value
--   and its interval in the metric's unit (accuracy: 0..1); risk_lower and risk_limit in that of the loss; labelled
--   of rows sampled predictions had a label; details JSON.
-- Reads performance by the prefix (model) of its key (model, version, metric, window_start).
SELECT
    version,
    window_start,
    window_end,
    toString(metric) AS metric,
    toString(segment) AS segment,
    toString(basis) AS basis,
    toString(class_name) AS class_name,
    value,
    lower,
    upper,
    baseline_value,
    baseline_lower,
    baseline_upper,
    risk_lower,
    risk_limit,
    labelled,
    effective_labelled,
    rows,
    evidence,
    threshold,
    toString(status) AS status,
    reason,
    details,
    computed_at
FROM performance FINAL
WHERE model = {model:String}
  AND ({version:String} = '' OR version = {version:String})
  AND ({metric:String} = '*' OR ({metric:String} = '' AND status != 'reported') OR metric = {metric:String})
  AND ({basis:String} = '*' OR basis = {basis:String})
  AND ({segment:String} = '*' OR segment = {segment:String})
  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY window_start DESC, version DESC, metric, class_name, segment, basis
LIMIT {limit:UInt32}
