-- Every column of the newest baseline of each version of a model, segments after the whole.
-- Parameters: model String.
-- Columns: those of table baselines. Reads baselines by its key (model, created_at, …).
SELECT *
FROM baselines
WHERE model = {model:String}
    AND (version, created_at) IN (
        SELECT version, max(created_at) FROM baselines WHERE model = {model:String} GROUP BY version
    )
ORDER BY created_at, baseline_id, segment, field
