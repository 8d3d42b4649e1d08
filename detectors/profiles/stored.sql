-- Stored counts of every column of one version against one baseline.
-- Parameters: model, version, baseline_id String; since, until DateTime64(3), the half-open range of
--   window starts.
-- Columns: field; window_start; counts; effective_rows.
-- Reads profiles by the prefix (model, version, baseline_id) of its key.
SELECT field, window_start, counts, effective_rows
FROM profiles FINAL
WHERE model = {model:String} AND version = {version:String} AND baseline_id = {baseline_id:String}
    AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
ORDER BY field, window_start
