-- The newest baseline of each version of some models, without its columns.
-- Parameters: models Array(String), empty for all.
-- Columns: model; version; baseline_id; created_at; recipe (JSON); history_until, 1970 when not known.
-- Reads baselines by the prefix (model) of its key.
SELECT
    toString(model) AS model,
    toString(version) AS version,
    newest.1 AS baseline_id,
    newest.2 AS created_at,
    newest.3 AS recipe,
    newest.4 AS history_until
FROM (
    SELECT model, version, argMax((baseline_id, created_at, recipe, history_until), created_at) AS newest
    FROM baselines
    WHERE (empty({models:Array(String)}) OR model IN {models:Array(String)}) AND segment = ''
    GROUP BY model, version
)
ORDER BY model, version
