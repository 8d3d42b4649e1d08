-- How complete a candidate's answers are.
-- Parameters: model, champion, version String; recipe UInt64; since, until DateTime64(3), half-open;
--   first_answer DateTime64(6), when its first answer came.
-- Columns: expected, labelled events of the champion that were given out last before the first answer; answered, of
--   them those with an answer; unknown, answers to events that are no labelled events of the champion.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key, gate_answers by (model, version),
--   gate_handouts by (model, champion).
WITH answers AS (
    SELECT DISTINCT cityHash64(event_id) AS event_key
    FROM gate_answers
    WHERE model = {model:String} AND version = {version:String}
),
handed AS (
    SELECT since, until, highest_key, handed_at
    FROM gate_handouts
    WHERE model = {model:String} AND champion = {champion:String} AND handed_at = (
        SELECT max(handed_at)
        FROM gate_handouts
        WHERE model = {model:String} AND champion = {champion:String}
            AND handed_at <= {first_answer:DateTime64(6, 'UTC')}
    )
),
labelled AS (
    SELECT event_key, min(ts) AS at, min(joined_at) AS joined
    FROM labelled_events
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = '' AND version = {champion:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    GROUP BY event_key
)
SELECT
    (
        SELECT count()
        FROM labelled CROSS JOIN handed
        WHERE at >= handed.since AND at < handed.until AND event_key <= highest_key AND joined <= handed_at
    ) AS expected,
    (
        SELECT count()
        FROM labelled CROSS JOIN handed
        WHERE at >= handed.since AND at < handed.until AND event_key <= highest_key AND joined <= handed_at
            AND event_key IN (SELECT event_key FROM answers)
    ) AS answered,
    (SELECT count() FROM answers WHERE event_key NOT IN (SELECT event_key FROM labelled)) AS unknown
