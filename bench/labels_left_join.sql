-- Joining in every look: right predictions by window, from all labels and all events of a model.
-- Parameters: model String; since, until DateTime64(3); window_seconds UInt32.
-- Columns: window_start; labelled; correct.
-- Reads inference_events by its key (model, ts), labels by the prefix (model) of its key.
SELECT
    toStartOfInterval(ts, toIntervalSecond({window_seconds:UInt32})) AS window_start,
    countIf(l.known = 1) AS labelled,
    sumIf(weight, l.known = 1 AND l.label = categorical[1]) AS correct
FROM (
    SELECT ts, event_id, weight, categorical
    FROM inference_events
    WHERE model = {model:String} AND status = 'ok'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
) AS e
LEFT JOIN (
    SELECT event_id, argMax(label, received_at) AS label, 1 AS known
    FROM labels
    WHERE model = {model:String}
    GROUP BY event_id
) AS l ON e.event_id = l.event_id
GROUP BY window_start
