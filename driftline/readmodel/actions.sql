-- Actions at their latest state, newest first.
-- Parameters: model, episode_id, action_id, state String: each empty for any; since_ms, until_ms
--   Int64 Unix milliseconds of the first note of the action, half open; limit UInt32.
-- Columns: one row an action; created_at: when it was decided; at: when it reached its state;
--   outcome is JSON. The last note by (rank, attempt, at) counts.
-- Reads actions by the prefix (model) of its key (model, action_id, at).
SELECT
    action_id,
    episode_id,
    model,
    kind,
    event,
    target,
    state,
    attempt,
    created_at,
    at,
    next_attempt_at,
    error_reason,
    error,
    reason,
    reason_text,
    run_id,
    run_url,
    outcome
FROM
(
    SELECT
        action_id,
        episode_id,
        toString(model) AS model,
        toString(kind) AS kind,
        toString(event) AS event,
        target,
        toString(state) AS state,
        rank,
        attempt,
        min(at) OVER (PARTITION BY action_id) AS created_at,
        at,
        next_attempt_at,
        toString(error_reason) AS error_reason,
        error,
        toString(reason) AS reason,
        reason_text,
        run_id,
        run_url,
        outcome
    FROM actions
    WHERE ({model:String} = '' OR actions.model = {model:String})
      AND ({episode_id:String} = '' OR episode_id = {episode_id:String})
      AND ({action_id:String} = '' OR action_id = {action_id:String})
    ORDER BY action_id, rank DESC, attempt DESC, at DESC
    LIMIT 1 BY action_id
)
WHERE ({state:String} = '' OR state = {state:String})
  AND created_at >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND created_at < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY created_at DESC, action_id
LIMIT {limit:UInt32}
