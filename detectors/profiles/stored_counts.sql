-- Stored counts of every column of one version against one baseline, aligned.
-- Parameters: model, version, baseline_id, segment String; since, until DateTime64(3), the half-open range of
--   window starts.
-- Columns: field; start, of the window in seconds since 1970; aligned, 33 counts: inner ones, zeros, of a
--   categorical column unseen, missing; rows; weight_sum; effective_rows; mean; std; minimum; maximum.
-- Of a window profiled twice the newest row counts.
-- Reads profiles by the prefix (model, version, baseline_id) of its key and window_start.
SELECT
    field,
    toInt64(intDiv(toUnixTimestamp64Milli(window_start), 1000)) AS start,
    arrayConcat(
        arrayResize(arraySlice(counts, 1, length(counts) - if(kind = 'numeric', 1, 2)), if(kind = 'numeric', 32, 31), 0.),
        arraySlice(counts, if(kind = 'numeric', -1, -2))
    ) AS aligned,
    rows,
    weight_sum,
    effective_rows,
    mean,
    std,
    minimum,
    maximum
FROM profiles
WHERE model = {model:String} AND version = {version:String} AND baseline_id = {baseline_id:String}
    AND segment = {segment:String}
    AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
ORDER BY computed_at DESC
LIMIT 1 BY field, window_start
