-- Every note of one action, oldest first.
-- Parameters: action_id String.
-- Columns: one row a note: what was known of the action at a time; payload and outcome are JSON.
-- Scans actions: action_id is not a prefix of its key (model, action_id, at).
SELECT
    toString(model) AS model,
    toString(state) AS state,
    rank,
    attempt,
    at,
    toString(error_reason) AS error_reason,
    error,
    toString(reason) AS reason,
    reason_text,
    outcome,
    payload
FROM actions
WHERE action_id = {action_id:String}
ORDER BY at, rank, attempt
