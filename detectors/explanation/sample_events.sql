-- Some events of one window whose value of one field lies in given bins, chosen by a hash of their id.
-- Parameters: model, version String; since_ms, until_ms Int64, Unix milliseconds, half-open; segment_slot
--   Int32 (-1: all rows) and segment_value String; the field: is_numeric UInt8, slot UInt16, edges
--   Array(Float64), names Array(String) and slots Array(UInt32), complete UInt8, top, other_groups,
--   unseen_slot, missing_slot UInt32, missing String; bins Array(UInt32); most UInt32.
-- Columns: event_id; ts; version; instance; number (NaN: missing) and text, of which the field's kind
--   counts; bin, the slot.
-- Reads inference_events by its key (model, ts).
WITH
    if(length(numeric) > {slot:UInt16}, numeric[{slot:UInt16} + 1], nan) AS number,
    if(length(categorical) > {slot:UInt16}, toString(categorical[{slot:UInt16} + 1]), {missing:String}) AS text,
    if({is_numeric:UInt8} = 1,
        if(isNaN(number), {missing_slot:UInt32}, toUInt32(arrayCount(edge -> number >= edge, {edges:Array(Float64)}))),
        transform(text, {names:Array(String)}, {slots:Array(UInt32)}, toUInt32(if({complete:UInt8} = 1,
            {unseen_slot:UInt32}, {top:UInt32} + CRC32(text) % greatest({other_groups:UInt32}, 1))))) AS bin
SELECT event_id, ts, toString(e.version) AS version, toString(instance) AS instance, number, text, bin
FROM inference_events AS e
WHERE model = {model:String} AND e.version = {version:String} AND status IN ('ok', 'error')
    AND ts >= fromUnixTimestamp64Milli({since_ms:Int64}) AND ts < fromUnixTimestamp64Milli({until_ms:Int64})
    AND ({segment_slot:Int32} < 0 OR (length(categorical) > {segment_slot:Int32}
        AND toString(categorical[{segment_slot:Int32} + 1]) = {segment_value:String}))
    AND has({bins:Array(UInt32)}, bin)
ORDER BY cityHash64(event_id), event_id
LIMIT {most:UInt32}
