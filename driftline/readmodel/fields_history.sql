-- Findings of a model over time, newest first.
-- Parameters: model String; field, version String, empty for any; segment String, empty for all rows; since_ms, until_ms Int64 Unix
--   milliseconds of the window's start, half open; limit UInt32.
-- Columns: one row a window, version and column of the model. effect, minimum_detectable_effect:
--   standard units; evidence, threshold: standardised deviations; scale: windows pooled; budget: nominal
--   false episodes a year. Without a segment, those of segments are left out while they are unremarkable.
-- Reads findings by the prefix (model) of its key (model, version, window_start, field, segment, change).
SELECT
    toString(version) AS version,
    baseline_id,
    window_start,
    window_end,
    field,
    toString(segment) AS segment,
    if(change = '', 'distribution', toString(change)) AS change,
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
    budget,
    change_start,
    change_earliest,
    change_latest,
    rows,
    effective_rows,
    statistics,
    carriers,
    top_bins,
    computed_at
FROM findings FINAL
WHERE model = {model:String}
  AND ({field:String} = '' OR field = {field:String})
  AND ({version:String} = '' OR version = {version:String})
  AND (segment = {segment:String} OR ({segment:String} = '' AND status IN ('drifted', 'watch')))
  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY window_start DESC, version DESC, field, segment, change
LIMIT {limit:UInt32}
