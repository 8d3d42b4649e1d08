-- Models with new events that labels have waited for, and models with new events that carry figures.
-- Parameters: since DateTime64(3), first event time; received_since DateTime64(3), only events (or their texts)
--   received from then on; by_id, by_key, texts, kpis Array(String), models whose labels name the event id; whose
--   labels name a column (any new event may have one); whose predictions are texts of payloads; whose events carry
--   figures.
-- Columns: model.
-- Reads inference_events by the smallest and largest received_at of every granule, labels by its key
-- (model, event_id).
SELECT DISTINCT toString(model) AS model
FROM inference_events
WHERE received_at >= {received_since:DateTime64(3, 'UTC')} AND ts >= {since:DateTime64(3, 'UTC')} AND status = 'ok'
    AND has(arrayConcat({by_key:Array(String)}, {kpis:Array(String)}), toString(model))
UNION DISTINCT
SELECT DISTINCT toString(model) AS model
FROM labels
WHERE model IN {by_id:Array(String)} AND (model, event_id) IN (
    SELECT model, event_id
    FROM inference_events
    WHERE received_at >= {received_since:DateTime64(3, 'UTC')} AND ts >= {since:DateTime64(3, 'UTC')}
        AND status = 'ok' AND model IN {by_id:Array(String)}
    UNION ALL
    SELECT model, event_id
    FROM payloads
    WHERE received_at >= {received_since:DateTime64(3, 'UTC')} AND ts >= {since:DateTime64(3, 'UTC')}
        AND model IN {texts:Array(String)}
)
