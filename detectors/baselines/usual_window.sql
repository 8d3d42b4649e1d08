-- How large the windows of a model usually are.
-- Parameters: model String; versions Array(String), empty for all; since DateTime64(3).
-- Columns: effective_rows, the median of windows with rows; windows.
-- Reads windows by the prefix (model) of its key.
SELECT quantileExact(effective_rows) AS effective_rows, count() AS windows
FROM windows FINAL
WHERE model = {model:String} AND rows > 0 AND window_start >= {since:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
