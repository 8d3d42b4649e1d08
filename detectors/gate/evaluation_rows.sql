-- Labelled events of a champion in a stretch of time, those of lowest hash: a fixed random sample.
-- Parameters: model, version String; recipe UInt64; since, until DateTime64(3), half-open; most UInt32.
-- Columns: event_id; event_key, its hash; trace_id; ts; numeric, categorical as stored.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key, inference_events by (model, ts).
SELECT event_id, cityHash64(event_id) AS event_key, trace_id, ts, numeric, categorical
FROM inference_events
WHERE model = {model:String} AND version = {version:String} AND status = 'ok'
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND event_key IN (
        SELECT DISTINCT event_key
        FROM labelled_events
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = '' AND version = {version:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        ORDER BY event_key
        LIMIT {most:UInt32}
    )
ORDER BY ts, event_id
LIMIT 1 BY event_id
