-- Windows of a model that have estimates.
-- Parameters: model String; since DateTime64(3).
-- Columns: version; window_start. Reads performance by the prefix (model) of its key.
SELECT DISTINCT toString(version) AS version, window_start
FROM performance
WHERE model = {model:String} AND window_start >= {since:DateTime64(3, 'UTC')} AND basis != ''
