-- Newest judged windows of one version's quality, newest first: realised, or estimated where there is no judgement
--   on labels.
-- Parameters: model, version String; windows UInt32; judged Array(String), statuses that count.
-- Columns: window_start; metric; basis, empty for realised; value, lower, upper, baseline_value in the metric's
--   unit; labelled and rows; status; reason; holds_since, first of the windows that show the quality to be
--   within its limit, 1970 when it is not shown. Reads performance by the prefix (model, version) of its key.
SELECT window_start, toString(metric) AS metric, toString(basis) AS basis, value, lower, upper, baseline_value,
    labelled, rows, toString(status) AS status, reason, holds_since
FROM performance FINAL
WHERE model = {model:String} AND version = {version:String} AND segment = ''
    AND status IN {judged:Array(String)}
ORDER BY window_start DESC, basis
LIMIT 1 BY window_start
LIMIT {windows:UInt32}
