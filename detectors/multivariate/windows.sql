-- The newest stored windows of every group of a model's version, and of the baseline's own windows.
-- Parameters: model, version, baseline_id String; before DateTime64(3), live windows that start earlier;
--   most UInt16, windows of a group at most.
-- Columns: origin (live or baseline); field; window_start; effective_rows; scores and means as hexadecimal
--   text; drifted. Oldest first.
-- Reads multivariate_windows by its key (model, version, baseline_id, origin).
SELECT origin, field, window_start, effective_rows, hex(scores) AS scores, hex(means) AS means, drifted
FROM (
    SELECT toString(origin) AS origin, field, window_start, effective_rows, scores, means, drifted
    FROM multivariate_windows FINAL
    WHERE model = {model:String} AND version IN ({version:String}, '') AND baseline_id = {baseline_id:String}
        AND (
            (origin = 'live' AND version = {version:String} AND window_start < {before:DateTime64(3, 'UTC')})
            OR (origin = 'baseline' AND version = '')
        )
    ORDER BY window_start DESC
    LIMIT {most:UInt16} BY origin, field
)
ORDER BY window_start
