-- Findings of a model over time, newest first.
-- Parameters: model String; field, version String, empty for any; since_ms, until_ms Int64 Unix
--   milliseconds of the window's start, half open; limit UInt32.
-- Columns: one row a window, version and column of the model. effect, minimum_detectable_effect:
--   standard units; evidence, threshold: standardised deviations; scale: windows pooled.
-- Reads findings by the prefix (model) of its key (model, version, window_start, field).
SELECT
    toString(version) AS version,
    baseline_id,
    window_start,
    window_end,
    field,
    toString(kind) AS kind,
    toString(role) AS role,
    toString(status) AS status,
    reason,
    effect,
    direction,
    evidence,
    threshold,
    scale,
    minimum_detectable_effect,
    rows,
    effective_rows,
    statistics,
    top_bins,
    computed_at
FROM findings FINAL
WHERE model = {model:String}
  AND ({field:String} = '' OR field = {field:String})
  AND ({version:String} = '' OR version = {version:String})
  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY window_start DESC, version DESC, field
LIMIT {limit:UInt32}
