-- Newest judged windows of one version's quality, newest first.
-- Parameters: model, version String; windows UInt32; judged Array(String), statuses that count.
-- Columns: window_start; value, lower, upper, baseline_value (accuracy, 0..1); labelled and rows; status;
--   reason. Reads performance by the prefix (model, version) of its key.
SELECT window_start, value, lower, upper, baseline_value, labelled, rows, toString(status) AS status, reason
FROM performance FINAL
WHERE model = {model:String} AND version = {version:String} AND metric = 'accuracy'
    AND status IN {judged:Array(String)}
ORDER BY window_start DESC
LIMIT {windows:UInt32}
