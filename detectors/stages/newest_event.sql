-- When the newest event of the models of a graph came in, by event time.
-- Parameters: models Array(String).
-- Columns: newest, null without any. Reads inference_events by the prefix (model) of its key.
SELECT maxOrNull(ts) AS newest
FROM inference_events
WHERE model IN {models:Array(String)}
