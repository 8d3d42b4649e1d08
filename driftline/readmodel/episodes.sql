-- Episodes at their latest revision, newest first.
-- Parameters: model String, episode_id String, state String: each empty for any; since_ms, until_ms
--   Int64 Unix milliseconds of the opening, half open; limit UInt32.
-- Columns: one row an episode; evidence is JSON. first_window, last_window: starts of windows.
-- Reads episodes by the prefix (model) of its key (model, episode_id).
SELECT
    episode_id,
    toString(model) AS model,
    toString(kind) AS kind,
    toString(opened_kind) AS opened_kind,
    toString(state) AS state,
    opened_at,
    updated_at,
    resolved_at,
    first_window,
    last_window,
    toString(version) AS version,
    fields,
    summary,
    evidence,
    revision
FROM episodes FINAL
WHERE ({model:String} = '' OR episodes.model = {model:String})
  AND ({episode_id:String} = '' OR episode_id = {episode_id:String})
  AND ({state:String} = '' OR episodes.state = {state:String})
  AND opened_at >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND opened_at < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY opened_at DESC, episode_id
LIMIT {limit:UInt32}
