-- Actions in their newest version, oldest first.
-- Parameters: action_id String, empty for all; states Array(String), empty for all.
-- Columns: those of table actions; wanted_at, when it was first stored. The last by (rank, attempt, at) counts.
-- Reads the states of all actions, and of those asked for the rest: bodies are what is large.
WITH chosen AS (
    SELECT action_id
    FROM actions AS a
    WHERE {action_id:String} = '' OR action_id = {action_id:String}
    GROUP BY action_id
    HAVING empty({states:Array(String)})
        OR has({states:Array(String)}, argMax(toString(a.state), (a.rank, a.attempt, a.at)))
)
SELECT
    action_id, episode_id, model, kind, event, target, payload,
    newest.1 AS state,
    newest.2 AS attempt,
    newest.3 AS at,
    newest.4 AS next_attempt_at,
    newest.5 AS error_reason,
    newest.6 AS error,
    newest.7 AS outcome,
    newest.8 AS reason,
    newest.9 AS reason_text,
    newest.10 AS run_id,
    newest.11 AS run_url,
    newest.12 AS rank,
    created_at AS wanted_at
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
            (
                toString(a.state), a.attempt, a.at, a.next_attempt_at, toString(a.error_reason), a.error, a.outcome,
                toString(a.reason), a.reason_text, a.run_id, a.run_url, a.rank
            ),
            (a.rank, a.attempt, a.at)
        ) AS newest
    FROM actions AS a
    WHERE action_id IN (SELECT action_id FROM chosen)
    GROUP BY action_id
)
ORDER BY created_at, action_id
