-- Actions that start runs, in their newest version: what policies have to know of the past.
-- Parameters: since DateTime64(6): older ones that have ended are left out.
-- Columns: action_id, model, kind, state; started_at: when its target first took it or was first called, 1970
--   when it never was; ended_at: when it reached its state. Reads actions without their bodies.
SELECT
    action_id,
    toString(any(a.model)) AS model,
    toString(any(a.kind)) AS kind,
    argMax(toString(a.state), (a.rank, a.attempt, a.at)) AS state,
    minIf(a.at, a.state IN ('sending', 'sent', 'running', 'succeeded', 'failed')) AS started_at,
    argMax(a.at, (a.rank, a.attempt, a.at)) AS ended_at
FROM actions AS a
WHERE a.kind != 'notify'
GROUP BY action_id
HAVING ended_at >= {since:DateTime64(6, 'UTC')} OR state NOT IN ('succeeded', 'failed', 'dead', 'suppressed', 'cancelled')
ORDER BY ended_at, action_id
