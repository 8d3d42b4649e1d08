-- What was done for the model, each action at its latest state.
-- Columns: decided, changed, kind, event, state, attempts, target, error, outcome.
SELECT
    decided AS "Decided",
    at AS "Changed",
    kind AS "Kind",
    event AS "Event",
    state AS "State",
    attempt AS "Attempts",
    target AS "Target",
    error AS "Error",
    outcome AS "Outcome"
FROM
(
    SELECT *, min(at) OVER (PARTITION BY action_id) AS decided
    FROM actions
    WHERE model = ${model:singlequote}
    ORDER BY action_id, rank DESC, attempt DESC, at DESC
    LIMIT 1 BY action_id
)
WHERE $__timeFilter(decided)
ORDER BY decided DESC
