-- One field of one baseline.
-- Parameters: model, baseline_id, field, segment String.
-- Columns: layout (kind, edges in the field's unit, categories, top, complete), weighted counts by slot,
--   rows and effective_rows, mean, std, minimum, maximum in the field's unit; name, source and version of
--   the baseline; history_since and history_until, the range of traffic it was made of (1970: a file).
-- Reads baselines by the prefix (model) of its key.
SELECT
    toString(kind) AS kind, edges, categories, top, complete, counts, rows, effective_rows, mean, std,
    minimum, maximum, name, source, toString(version) AS version, history_since, history_until
FROM baselines
WHERE model = {model:String} AND baseline_id = {baseline_id:String} AND field = {field:String}
    AND segment = {segment:String}
ORDER BY created_at DESC
LIMIT 1
