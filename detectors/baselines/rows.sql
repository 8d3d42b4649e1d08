-- How many events a range holds.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3);
--   window_seconds UInt32 and excluded Array(Int64), numbers since 1970 of windows that are left out.
-- Columns: rows. Reads inference_events by its key (model, ts).
SELECT count() AS rows
FROM inference_events
WHERE model = {model:String} AND status IN ('ok', 'error')
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
    AND (empty({excluded:Array(Int64)})
        OR intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) NOT IN {excluded:Array(Int64)})
