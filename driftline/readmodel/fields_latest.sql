-- Findings of the newest closed window of each version of a model.
-- Parameters: model String; since_ms Int64 Unix milliseconds: oldest window start that is looked at.
-- Columns: one row a version and column of the model. effect, minimum_detectable_effect: standard
--   units; evidence, threshold: standardised deviations; scale: windows pooled; budget: nominal false
--   episodes a year. Segments are left out while they are unremarkable.
-- Reads findings by (model, version, window_start) of its key (model, version, window_start, field, segment, change),
--   and only windows that windows says are complete.
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
  AND (version, window_start) IN
  (
      SELECT version, max(window_start)
      FROM windows
      WHERE model = {model:String} AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
      GROUP BY version
  )
  AND (segment = '' OR status IN ('drifted', 'watch'))
ORDER BY field, version, segment, change
