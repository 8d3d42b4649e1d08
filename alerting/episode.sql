-- Episodes in their newest revision: all open ones, and those resolved since a time; newest first.
-- Parameters: since DateTime64(3). Columns: those of table episodes.
SELECT
    episode_id, toString(model) AS model, toString(kind) AS kind, toString(opened_kind) AS opened_kind,
    toString(state) AS state, opened_at, updated_at, resolved_at, first_window, last_window,
    toString(version) AS version, fields, summary, evidence, revision
FROM episodes FINAL
WHERE state = 'open' OR resolved_at >= {since:DateTime64(3, 'UTC')}
ORDER BY opened_at DESC, episode_id
