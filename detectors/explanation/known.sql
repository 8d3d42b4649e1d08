-- What findings a model has, to say what could have been asked for.
-- Parameters: model, field String.
-- Columns: one row a field, version and segment that has findings; first and last of the field's window
--   starts. Reads findings by the prefix (model) of its key.
SELECT
    field, toString(f.version) AS version, toString(f.segment) AS segment,
    min(f.window_start) AS first, max(f.window_start) AS last
FROM findings AS f
WHERE model = {model:String} AND ({field:String} = '' OR field = {field:String})
GROUP BY field, version, segment
ORDER BY field, version, segment
LIMIT 10000
