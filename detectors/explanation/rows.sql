-- A bounded sample of the values of one numeric field, chosen by a hash of the event id.
-- Parameters: model String; versions Array(String), empty for all; since_ms, until_ms Int64, Unix
--   milliseconds, half-open; segment_slot Int32 (-1: all rows) and segment_value String; slot UInt16;
--   most UInt32.
-- Columns: value, finite, in the field's unit; weight. Reads inference_events by its key (model, ts).
WITH if(length(numeric) > {slot:UInt16}, numeric[{slot:UInt16} + 1], nan) AS number
SELECT number AS value, weight
FROM inference_events AS e
WHERE model = {model:String} AND status IN ('ok', 'error')
    AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
    AND ts >= fromUnixTimestamp64Milli({since_ms:Int64}) AND ts < fromUnixTimestamp64Milli({until_ms:Int64})
    AND ({segment_slot:Int32} < 0 OR (length(categorical) > {segment_slot:Int32}
        AND toString(categorical[{segment_slot:Int32} + 1]) = {segment_value:String}))
    AND isFinite(number)
ORDER BY cityHash64(event_id), event_id
LIMIT {most:UInt32}
