-- Keeps the champion's labelled answers to the events that a candidate answered, for its evaluation.
-- Parameters: model, evaluated, champion, version String, evaluated the name they are kept under; recipe UInt64;
--   since, until DateTime64(3), half-open.
-- Writes labelled_events; the newest label of an event counts, so doing it again corrects what changed.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key, gate_answers by (model, version).
INSERT INTO labelled_events (model, recipe, name, version, ts, event_key, weight, truth, prediction, truth_value,
    predicted_value, scores, truth_text, prediction_text, segments, labelled_at, label_received_at, joined_at)
SELECT {evaluated:String}, recipe, name, version, ts, event_key, weight, truth, prediction, truth_value,
    predicted_value, scores, truth_text, prediction_text, segments, labelled_at, label_received_at, now64(6)
FROM labelled_events FINAL
WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = '' AND version = {champion:String}
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND event_key IN (
        SELECT cityHash64(event_id)
        FROM gate_answers
        WHERE model = {model:String} AND version = {version:String}
    )
