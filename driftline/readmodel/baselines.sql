-- Baselines of a model, newest first.
-- Parameters: model String; baseline_id String, empty for all; limit UInt32.
-- Columns: one row a baseline. rows: sampled predictions it was made from; labelled, correct: weighted;
--   recipe, quality: JSON; history_since, history_until: 1970 when no order in time is known.
-- Reads baselines by the prefix (model) of its key (model, created_at, baseline_id, field, segment).
SELECT
    baseline_id,
    toString(any(baselines.version)) AS version,
    any(baselines.name) AS name,
    any(baselines.source) AS source,
    max(baselines.created_at) AS created_at,
    arraySort(groupArrayIf(field, segment = '')) AS fields,
    arraySort(groupUniqArrayIf(toString(segment), segment != '')) AS segments,
    max(baselines.rows) AS rows,
    max(baselines.effective_rows) AS effective_rows,
    any(baselines.labelled) AS labelled,
    any(baselines.correct) AS correct,
    any(baselines.recipe) AS recipe,
    any(baselines.history_since) AS history_since,
    any(baselines.history_until) AS history_until,
    any(baselines.window_seconds) AS window_seconds,
    max(baselines.quality) AS quality
FROM baselines
WHERE model = {model:String} AND ({baseline_id:String} = '' OR baseline_id = {baseline_id:String})
GROUP BY baseline_id
ORDER BY created_at DESC, baseline_id
LIMIT {limit:UInt32}
