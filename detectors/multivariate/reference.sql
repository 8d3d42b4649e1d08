-- The sample of rows that was stored with a baseline.
-- Parameters: model String; baseline_id String.
-- Columns: columns; rows; correlation_rows; slots, weights and correlations as hexadecimal text (the driver
--   takes strings for UTF-8). Reads baseline_samples by its key (model, baseline_id).
SELECT columns, rows, correlation_rows, hex(slots) AS slots, hex(weights) AS weights, hex(correlations) AS correlations
FROM baseline_samples FINAL
WHERE model = {model:String} AND baseline_id = {baseline_id:String}
