-- Everything about some baselines, as arrays: one row a baseline, one entry a segment and field.
-- Parameters: models Array(String) and ids Array(String), the baselines' own.
-- Columns: those of table baselines; counts and edges one after another, their lengths beside them.
-- Reads baselines by the prefix (model) of its key.
SELECT
    baseline_id,
    toString(any(b.model)) AS model,
    toString(any(b.version)) AS version,
    any(b.name) AS name,
    any(b.source) AS source,
    max(b.created_at) AS created_at,
    any(b.labelled) AS labelled,
    any(b.correct) AS correct,
    any(b.recipe) AS recipe,
    any(b.history_since) AS history_since,
    any(b.history_until) AS history_until,
    any(b.window_seconds) AS window_seconds,
    max(b.quality) AS quality,
    groupArray(toString(b.segment)) AS segments,
    groupArray(b.field) AS fields,
    groupArray(b.kind = 'numeric') AS numeric,
    groupArrayArray(b.counts) AS counts,
    groupArray(length(b.counts)) AS count_lengths,
    groupArrayArray(b.edges) AS edges,
    groupArray(length(b.edges)) AS edge_lengths,
    groupArray(b.categories) AS categories,
    groupArray(b.top) AS top,
    groupArray(b.complete) AS complete,
    groupArray(b.rows) AS rows,
    groupArray(b.weight_sum) AS weight_sum,
    groupArray(b.effective_rows) AS effective_rows,
    groupArray(b.mean) AS mean,
    groupArray(b.std) AS std,
    groupArray(b.minimum) AS minimum,
    groupArray(b.maximum) AS maximum,
    groupArray(b.noise) AS noise
FROM (
    SELECT *
    FROM baselines
    WHERE model IN {models:Array(String)} AND baseline_id IN {ids:Array(String)}
    ORDER BY baseline_id, segment, field
) AS b
GROUP BY baseline_id
ORDER BY model, version
