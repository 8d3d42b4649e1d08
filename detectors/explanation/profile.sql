-- Counts of one field in one window, over the bins of one baseline.
-- Parameters: model, version, baseline_id, field, segment String; start_ms Int64, Unix milliseconds.
-- Columns: weighted counts by slot; rows; effective_rows.
-- Reads profiles by its key.
SELECT counts, rows, effective_rows
FROM profiles FINAL
WHERE model = {model:String} AND version = {version:String} AND baseline_id = {baseline_id:String}
    AND field = {field:String} AND window_start = fromUnixTimestamp64Milli({start_ms:Int64})
    AND segment = {segment:String}
