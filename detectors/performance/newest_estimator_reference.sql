-- Newest reference of estimators of each model.
-- Parameters: models Array(String).
-- Columns: model; baseline_id. Reads estimator_references by the prefix (model) of its key.
SELECT toString(model) AS model, argMax(baseline_id, created_at) AS baseline_id
FROM estimator_references
WHERE model IN {models:Array(String)}
GROUP BY estimator_references.model
