-- Realised accuracy of a model: predictions joined with the newest label of their event.
-- Parameters: model String; slot UInt16, 1-based position of the prediction among the categorical
--   columns; since, until DateTime64(3), half-open and on window borders; window_seconds UInt32.
-- Columns: version; window_start; rows, events that were answered; labelled; labelled_weight;
--   correct_weight; weight_squares of labelled events (weights are 1 / inclusion probability).
-- Reads inference_events by its key (model, ts), labels by the prefix (model) of its key.
SELECT
    toString(version) AS version,
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    count() AS rows,
    countIf(l.known = 1) AS labelled,
    sumIf(weight, l.known = 1) AS labelled_weight,
    sumIf(weight, l.known = 1 AND l.label = categorical[{slot:UInt16}]) AS correct_weight,
    sumIf(weight * weight, l.known = 1) AS weight_squares
FROM (
    SELECT version, ts, event_id, weight, categorical
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
GROUP BY version, window_start
ORDER BY window_start, version
