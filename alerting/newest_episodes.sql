-- The newest episode of each of some models, in its newest revision, open or resolved.
-- Parameters: models Array(String). Columns: those of table episodes.
-- Reads episodes by the prefix (model) of its key.
SELECT
    episode_id, toString(model) AS model, toString(kind) AS kind, toString(opened_kind) AS opened_kind,
    toString(state) AS state, opened_at, updated_at, resolved_at, first_window, last_window,
    toString(version) AS version, fields, summary, evidence, revision
FROM episodes AS e FINAL
WHERE e.model IN {models:Array(String)}
ORDER BY model, opened_at DESC, episode_id
LIMIT 1 BY model
