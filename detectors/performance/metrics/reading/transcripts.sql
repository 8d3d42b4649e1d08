-- Transcription: texts of events, to be aligned in Python.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   modulus UInt64 and remainder UInt64: only events whose key leaves that remainder.
-- Columns: version; window, number since `since`; segment, value; weight; reference; hypothesis.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    if({merged:UInt8} = 1, '', toString(e.version)) AS version,
    intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
    if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
    weight,
    truth_text AS reference,
    prediction_text AS hypothesis
FROM labelled_events AS e FINAL
WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
    AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
    AND ({modulus:UInt64} = 1 OR event_key % {modulus:UInt64} = {remainder:UInt64})
ORDER BY version, window, segment
