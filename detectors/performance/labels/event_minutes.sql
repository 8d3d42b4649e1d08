-- How many events of a model could be joined, a minute: for slices of bounded size.
-- Parameters: model String; text_field String, field of payloads with the prediction, empty for none; since, until
--   DateTime64(3), half-open range of event times; received_since DateTime64(3), only events (or their texts)
--   received from then on.
-- Columns: minute, newest first; rows.
-- Reads inference_events by its key (model, ts) and the smallest and largest received_at of a granule.
SELECT toStartOfMinute(ts) AS minute, count() AS rows
FROM inference_events
WHERE model = {model:String} AND status = 'ok'
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (
        received_at >= {received_since:DateTime64(3, 'UTC')}
        OR if({text_field:String} = '', 0, event_id IN (
            SELECT event_id
            FROM payloads
            WHERE model = {model:String} AND field = {text_field:String}
                AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                AND received_at >= {received_since:DateTime64(3, 'UTC')}
        ))
    )
GROUP BY minute
ORDER BY minute DESC
