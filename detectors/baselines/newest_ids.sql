-- Which baseline of each version of a model is the newest.
-- Parameters: model String.
-- Columns: version, empty for any; baseline_id. Reads baselines by its key (model, created_at, …).
SELECT toString(b.version) AS version, argMax(b.baseline_id, (b.created_at, b.baseline_id)) AS baseline_id
FROM baselines AS b
WHERE model = {model:String}
GROUP BY version
