-- Models with an open episode, and since when.
-- Parameters: models Array(String).
-- Columns: model; since, the first window of its oldest open episode.
-- Reads episodes by the prefix (model) of its key.
SELECT toString(model) AS model, min(first_window) AS since
FROM episodes FINAL
WHERE model IN {models:Array(String)} AND state = 'open'
GROUP BY model
