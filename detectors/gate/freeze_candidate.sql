-- Joins a candidate's answers with the truths of the champion's rows, for its evaluation.
-- Parameters: those of freeze_champion.sql.
-- Writes labelled_events under the candidate's version; weights and segments are those of the champion's rows.
-- Reads what freeze_champion.sql wrote, by the prefix (model, recipe, name, version, ts) of its key, and gate_answers by
--   (model, version).
INSERT INTO labelled_events (model, recipe, name, version, ts, event_key, weight, truth, prediction, truth_value,
    predicted_value, scores, truth_text, prediction_text, segments, labelled_at, label_received_at, joined_at)
SELECT {evaluated:String}, {recipe:UInt64}, '', {version:String}, e.ts, e.event_key, e.weight, e.truth, a.prediction,
    e.truth_value, a.predicted_value, a.scores, e.truth_text, a.prediction_text, e.segments, e.labelled_at,
    e.label_received_at, now64(6)
FROM (
    SELECT ts, event_key, weight, truth, truth_value, truth_text, segments, labelled_at, label_received_at
    FROM labelled_events FINAL
    WHERE model = {evaluated:String} AND recipe = {recipe:UInt64} AND name = '' AND version = {champion:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
) AS e
INNER JOIN (
    SELECT cityHash64(event_id) AS event_key, prediction, predicted_value, scores, prediction_text
    FROM gate_answers FINAL
    WHERE model = {model:String} AND version = {version:String}
) AS a ON e.event_key = a.event_key
