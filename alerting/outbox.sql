-- Actions in their newest version, oldest first.
-- Parameters: action_id String, empty for all; states Array(String), empty for all.
-- Columns: those of table actions but rank. The last by (rank, attempt, at) counts.
-- Reads all of actions: an outbox is small next to everything else.
SELECT
    action_id, episode_id, model, kind, event, target, payload,
    newest.1 AS state,
    newest.2 AS attempt,
    newest.3 AS at,
    newest.4 AS next_attempt_at,
    newest.5 AS error_reason,
    newest.6 AS error,
    newest.7 AS outcome
FROM (
    SELECT
        action_id,
        any(a.episode_id) AS episode_id,
        toString(any(a.model)) AS model,
        toString(any(a.kind)) AS kind,
        toString(any(a.event)) AS event,
        any(a.target) AS target,
        any(a.payload) AS payload,
        min(a.at) AS created_at,
        argMax(
            (toString(a.state), a.attempt, a.at, a.next_attempt_at, toString(a.error_reason), a.error, a.outcome),
            (a.rank, a.attempt, a.at)
        ) AS newest
    FROM actions AS a
    WHERE {action_id:String} = '' OR action_id = {action_id:String}
    GROUP BY action_id
)
WHERE empty({states:Array(String)}) OR has({states:Array(String)}, state)
ORDER BY created_at, action_id
