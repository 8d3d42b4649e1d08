-- Counts of one field in one window, apart for every version, and for every instance and segment of one.
-- Parameters: as in sample_events.sql but bins and most; segment_names Array(String) and segment_slots
--   Array(UInt16): the segment fields of the contract.
-- Columns: origin ('version', 'instance' or a segment field); name; bin, the slot; rows; weight, summed.
-- Reads inference_events by its key (model, ts).
WITH
    if(length(numeric) > {slot:UInt16}, numeric[{slot:UInt16} + 1], nan) AS number,
    if(length(categorical) > {slot:UInt16}, toString(categorical[{slot:UInt16} + 1]), {missing:String}) AS text,
    if({is_numeric:UInt8} = 1,
        if(isNaN(number), {missing_slot:UInt32}, toUInt32(arrayCount(edge -> number >= edge, {edges:Array(Float64)}))),
        transform(text, {names:Array(String)}, {slots:Array(UInt32)}, toUInt32(if({complete:UInt8} = 1,
            {unseen_slot:UInt32}, {top:UInt32} + CRC32(text) % greatest({other_groups:UInt32}, 1))))) AS bin,
    arrayMap((name, at) -> (name, if(length(categorical) > at, toString(categorical[at + 1]), {missing:String})),
        {segment_names:Array(String)}, {segment_slots:Array(UInt16)}) AS segments,
    arrayConcat([('version', toString(e.version))],
        if(e.version = {version:String}, arrayConcat([('instance', toString(instance))], segments), [])) AS groups
SELECT group.1 AS origin, group.2 AS name, bin, count() AS rows, sum(weight) AS weight
FROM inference_events AS e
ARRAY JOIN groups AS group
WHERE model = {model:String} AND status IN ('ok', 'error')
    AND ts >= fromUnixTimestamp64Milli({since_ms:Int64}) AND ts < fromUnixTimestamp64Milli({until_ms:Int64})
    AND ({segment_slot:Int32} < 0 OR (length(categorical) > {segment_slot:Int32}
        AND toString(categorical[{segment_slot:Int32} + 1]) = {segment_value:String}))
GROUP BY origin, name, bin
ORDER BY origin, name, bin
LIMIT 200000
