-- How many events a range holds.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3).
-- Columns: rows. Reads inference_events by its key (model, ts).
SELECT count() AS rows
FROM inference_events
WHERE model = {model:String} AND status IN ('ok', 'error')
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
