-- Estimates of windows that have labels by now, beside the figure that labels show.
-- Parameters: model, metric String; since DateTime64(3).
-- Columns: version; basis; window_start; value, lower, upper as estimated; realised, realised_lower,
--   realised_upper from labels; unchanged, the reference's figure; all in the metric's unit. Oldest first.
-- Reads performance by the prefix (model) of its key.
SELECT
    toString(e.version) AS version, toString(e.basis) AS basis, e.window_start AS window_start,
    e.value AS value, e.lower AS lower, e.upper AS upper,
    r.value AS realised, r.lower AS realised_lower, r.upper AS realised_upper,
    e.baseline_value AS unchanged
FROM (
    SELECT version, basis, window_start, value, lower, upper, baseline_value
    FROM performance FINAL
    WHERE model = {model:String} AND metric = {metric:String} AND segment = '' AND class_name = '' AND basis != ''
        AND window_start >= {since:DateTime64(3, 'UTC')}
) AS e
INNER JOIN (
    SELECT version, window_start, value, lower, upper
    FROM performance FINAL
    WHERE model = {model:String} AND metric = {metric:String} AND segment = '' AND class_name = '' AND basis = ''
        AND window_start >= {since:DateTime64(3, 'UTC')}
) AS r ON e.version = r.version AND e.window_start = r.window_start
ORDER BY window_start, version, basis
