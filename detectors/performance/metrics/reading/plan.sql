-- How many labelled events every window has, to read them in portions.
-- Parameters: model, name String (empty: truths); recipe UInt64; since, until DateTime64(3), half-open;
--   versions Array(String), empty for all; merged UInt8, 1 = all versions as one; window_ms, excluded_ms UInt64;
--   texts UInt8; excluded Array(UInt64), numbers since 1970 of windows of excluded_ms to leave out.
-- Columns: version; window, number since `since`; rows; characters of both texts (0 unless texts = 1).
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    if({merged:UInt8} = 1, '', toString(e.version)) AS version,
    intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
    count() AS rows,
    if({texts:UInt8} = 1, sum(length(truth_text) + length(prediction_text)), 0) AS characters
FROM labelled_events AS e FINAL
WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
    AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
GROUP BY version, window
ORDER BY window, version
