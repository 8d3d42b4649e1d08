-- Findings of one field of a model in its newest window, or in the one that holds a moment.
-- Parameters: model, field, segment String; version String, empty for any; until_ms Int64, Unix
--   milliseconds: windows that begin at or before it; within UInt8, 1 to accept only windows that have not
--   ended at that moment.
-- Columns: those of table findings but its ids; newest window first, in it the version with the most rows,
--   of that the finding about the distribution. Effects in standard units, budget in false episodes a year.
-- Reads findings by the prefix (model) of its key.
SELECT
    toString(f.version) AS version, baseline_id, window_start, window_end, toString(kind) AS kind,
    toString(role) AS role, toString(f.change) AS change, toString(status) AS status, reason, effect,
    direction, evidence, threshold, scale, minimum_detectable_effect, rows, effective_rows,
    change_start, change_earliest, change_latest, budget
FROM findings AS f FINAL
WHERE model = {model:String} AND field = {field:String} AND segment = {segment:String}
    AND ({version:String} = '' OR f.version = {version:String})
    AND window_start <= fromUnixTimestamp64Milli({until_ms:Int64})
    AND ({within:UInt8} = 0 OR window_end > fromUnixTimestamp64Milli({until_ms:Int64}))
ORDER BY window_start DESC, rows DESC, version, f.change IN ('', 'distribution') DESC, change
LIMIT 40
