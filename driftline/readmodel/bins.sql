-- One column of a model: bins of a baseline beside those of the newest window compared with it.
-- Parameters: model, field String; version String, empty for any; until_ms Int64 Unix milliseconds:
--   windows that begin before it.
-- Columns: at most one row. counts: weighted counts, in the order the baseline's layout gives them
--   (bins, then other and unseen for a categorical column, then missing).
-- Reads profiles and baselines by the prefix (model) of their keys.
SELECT
    current.version AS version,
    current.baseline_id AS baseline_id,
    current.window_start AS window_start,
    current.window_end AS window_end,
    current.counts AS current_counts,
    current.rows AS current_rows,
    current.effective_rows AS current_effective_rows,
    current.mean AS current_mean,
    current.std AS current_std,
    reference.name AS baseline_name,
    toString(reference.kind) AS kind,
    reference.edges AS edges,
    reference.categories AS categories,
    reference.top AS top,
    reference.complete AS complete,
    reference.counts AS baseline_counts,
    reference.rows AS baseline_rows,
    reference.effective_rows AS baseline_effective_rows,
    reference.mean AS baseline_mean,
    reference.std AS baseline_std
FROM
(
    SELECT toString(version) AS version, baseline_id, window_start, window_end, counts, rows,
           effective_rows, mean, std
    FROM profiles FINAL
    WHERE model = {model:String}
      AND field = {field:String} AND segment = ''
      AND ({version:String} = '' OR profiles.version = {version:String})
      AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
    ORDER BY window_start DESC, version DESC, computed_at DESC
    LIMIT 1
) AS current
INNER JOIN
(
    SELECT baseline_id, name, kind, edges, categories, top, complete, counts, rows, effective_rows, mean, std
    FROM baselines
    WHERE model = {model:String} AND field = {field:String} AND segment = ''
    ORDER BY created_at DESC
    LIMIT 1 BY baseline_id
) AS reference ON reference.baseline_id = current.baseline_id
