-- What there is to judge a candidate by.
-- Parameters: model, champion, version String; recipe UInt64; since, until DateTime64(3), half-open.
-- Columns: answers, events that the candidate's pipeline handed in; first_answer, last_answer, when; events, live ones
--   that it answered; labels, labelled events of both versions, and newest_label, when the last was joined.
-- Reads gate_answers by (model, version), inference_events by (model, ts), labelled_events by the prefix (model, recipe,
--   name, version, ts) of its key.
SELECT
    (SELECT count() FROM gate_answers WHERE model = {model:String} AND version = {version:String}) AS answers,
    (
        SELECT min(received_at)
        FROM gate_answers
        WHERE model = {model:String} AND version = {version:String}
    ) AS first_answer,
    (
        SELECT max(received_at)
        FROM gate_answers
        WHERE model = {model:String} AND version = {version:String}
    ) AS last_answer,
    (
        SELECT count()
        FROM inference_events
        WHERE model = {model:String} AND version = {version:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    ) AS events,
    (
        SELECT count()
        FROM labelled_events
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = ''
            AND version IN ({champion:String}, {version:String})
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    ) AS labels,
    (
        SELECT max(joined_at)
        FROM labelled_events
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = ''
            AND version IN ({champion:String}, {version:String})
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    ) AS newest_label
