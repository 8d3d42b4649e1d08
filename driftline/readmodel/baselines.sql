-- Baselines of a model, newest first.
-- Parameters: model String; limit UInt32.
-- Columns: one row a baseline. rows: sampled predictions it was made from; labelled, correct: weighted.
-- Reads baselines by the prefix (model) of its key (model, created_at, baseline_id, field).
SELECT
    baseline_id,
    toString(any(baselines.version)) AS version,
    any(baselines.name) AS name,
    any(baselines.source) AS source,
    max(baselines.created_at) AS created_at,
    arraySort(groupArray(field)) AS fields,
    max(baselines.rows) AS rows,
    max(baselines.effective_rows) AS effective_rows,
    any(baselines.labelled) AS labelled,
    any(baselines.correct) AS correct
FROM baselines
WHERE model = {model:String}
GROUP BY baseline_id
ORDER BY created_at DESC, baseline_id
LIMIT {limit:UInt32}
