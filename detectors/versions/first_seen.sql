-- Since when each version of a model has answered.
-- Parameters: model String.
-- Columns: version; first_at, time of its first event; the oldest first.
-- Reads inference_events and labelled_events by the prefix (model) of their keys.
SELECT version, min(ts) AS first_at
FROM (
    SELECT toString(version) AS version, ts FROM inference_events WHERE model = {model:String}
    UNION ALL
    SELECT toString(version) AS version, ts FROM labelled_events WHERE model = {model:String}
)
GROUP BY version
ORDER BY first_at, version
