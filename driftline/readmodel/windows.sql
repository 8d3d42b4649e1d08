-- Closed windows of a model, newest first.
-- Parameters: model String; version String, empty for any; since_ms, until_ms Int64 Unix milliseconds
--   of the window's start, half open; limit UInt32.
-- Columns: one row a window of a version. rows: sampled predictions; weight_sum: predictions they
--   stand for; effective_rows: (sum w)^2 / sum w^2.
-- Reads windows by the prefix (model) of its key (model, version, window_start).
SELECT
    version,
    window_start,
    window_end,
    baseline_id,
    toString(status) AS status,
    reason,
    rows,
    weight_sum,
    effective_rows,
    drifted_fields,
    computed_at
FROM windows FINAL
WHERE model = {model:String}
  AND ({version:String} = '' OR version = {version:String})
  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY window_start DESC, version DESC
LIMIT {limit:UInt32}
