-- Models whose newest window drifted, or whose newest judged quality decayed, in any version.
-- Parameters: since DateTime64(3): oldest window start that is looked at.
-- Columns: model. Reads windows and performance by their window_start columns.
SELECT DISTINCT model
FROM (
    SELECT toString(model) AS model
    FROM windows
    WHERE window_start >= {since:DateTime64(3, 'UTC')} AND status IN ('ok', 'watch', 'drifted')
    GROUP BY windows.model, version
    HAVING argMax(status, (window_start, computed_at)) = 'drifted'
    UNION ALL
    SELECT toString(model) AS model
    FROM performance
    WHERE window_start >= {since:DateTime64(3, 'UTC')} AND status IN ('ok', 'watch', 'decayed') AND segment = ''
    GROUP BY performance.model, version, metric, basis
    HAVING argMax(status, (window_start, computed_at)) = 'decayed'
)
