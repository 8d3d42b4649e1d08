-- How two versions' answers to the same requests find each other: looked up for the newest of the challenger.
-- Parameters: model, champion, challenger String; since, until DateTime64(3), half-open; key_slot UInt16, position
--   from 1 of the category that is the key of the labels, 0 for none; sample UInt32, how many are looked up.
-- Columns: sampled, answers of the challenger that were looked up; by_event, by_trace, by_key: of them with an
--   answer of the champion that has the same event id, the same trace (and row of the request), the same key.
-- Reads inference_events by its key (model, ts).
WITH sample AS (
    SELECT event_id, trace_id, if({key_slot:UInt16} = 0, '', toString(categorical[greatest({key_slot:UInt16}, 1)])) AS key
    FROM inference_events
    WHERE model = {model:String} AND version = {challenger:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    ORDER BY ts DESC
    LIMIT {sample:UInt32}
)
SELECT
    (SELECT count() FROM sample) AS sampled,
    uniqExactIf(event_hash, event_hash IN (SELECT cityHash64(event_id) FROM sample WHERE event_id != '')) AS by_event,
    uniqExactIf(trace_hash, trace_hash IN (SELECT cityHash64(trace_id, extract(event_id, '/\\d+$')) FROM sample WHERE trace_id != '')) AS by_trace,
    uniqExactIf(key_hash, key_hash IN (SELECT cityHash64(key) FROM sample WHERE key NOT IN ('', '\0'))) AS by_key
FROM (
    SELECT
        cityHash64(event_id) AS event_hash,
        cityHash64(trace_id, extract(event_id, '/\\d+$')) AS trace_hash,
        cityHash64(if({key_slot:UInt16} = 0, '', toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS key_hash
    FROM inference_events
    WHERE model = {model:String} AND version = {champion:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
)
