-- Newest judged windows of each version's quality, newest first: realised, or estimated where there is no judgement
--   on labels.
-- Parameters: models Array(String); windows UInt32, of each version; judged Array(String), statuses that count.
-- Columns: model; version; window_start; metric; basis, empty for realised; value, lower, upper, baseline_value in
--   the metric's unit; labelled and rows; status; reason; holds_since, first of the windows that show the quality to
--   be within its limit, 1970 when it is not shown. Reads performance by the prefix (model) of its key.
SELECT *
FROM (
    SELECT toString(p.model) AS model, toString(p.version) AS version, window_start, toString(metric) AS metric,
        toString(basis) AS basis, value, lower, upper, baseline_value, labelled, rows, toString(status) AS status,
        reason, holds_since
    FROM performance AS p FINAL
    WHERE p.model IN {models:Array(String)} AND segment = '' AND p.status IN {judged:Array(String)}
    ORDER BY model, version, window_start DESC, basis
    LIMIT 1 BY model, version, window_start
)
ORDER BY model, version, window_start DESC
LIMIT {windows:UInt32} BY model, version
