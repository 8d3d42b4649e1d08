-- One episode in its newest revision.
-- Parameters: episode_id String. Columns: those of table episodes.
-- Scans the ids of episodes: episode_id is not a prefix of its key (model, episode_id).
SELECT
    episode_id, toString(model) AS model, toString(kind) AS kind, toString(opened_kind) AS opened_kind,
    toString(state) AS state, opened_at, updated_at, resolved_at, first_window, last_window,
    toString(version) AS version, fields, summary, evidence, revision
FROM episodes FINAL
WHERE episode_id = {episode_id:String}
