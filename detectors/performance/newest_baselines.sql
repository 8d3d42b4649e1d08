-- When the newest baseline of each model was made, to see that another one is in force.
-- Parameters: models Array(String).
-- Columns: model; created_at. Reads baselines by the prefix (model) of its key, two of its columns.
SELECT toString(model) AS model, max(created_at) AS created_at
FROM baselines
WHERE model IN {models:Array(String)}
GROUP BY model
