-- Stored profiles of every column over a range of windows, merged into one.
-- Parameters: model, version, baseline_id, segment String; since, until DateTime64(3), the half-open range of
--   window starts; fields Array(String), empty for all.
-- Columns: field; windows, how many were merged; counts, summed; rows; weight_sum; weight_squares, the sum of
--   squared weights; present, means, stds: weight that has a value, mean and standard deviation (in the field's
--   unit) of every window; minimum; maximum.
-- Of a window profiled twice the newest row counts: that is less work here than FINAL.
-- Reads profiles by the prefix (model, version, baseline_id) of its key and window_start.
SELECT
    field,
    count() AS windows,
    sumForEach(p.counts) AS counts,
    sum(p.rows) AS rows,
    sum(p.weight_sum) AS weight_sum,
    sum(if(effective_rows > 0, p.weight_sum * p.weight_sum / effective_rows, 0)) AS weight_squares,
    groupArray(p.weight_sum - p.counts[-1]) AS present,
    groupArray(mean) AS means,
    groupArray(std) AS stds,
    min(p.minimum) AS minimum,
    max(p.maximum) AS maximum
FROM (
    SELECT field, counts, rows, weight_sum, effective_rows, mean, std, minimum, maximum
    FROM profiles
    WHERE model = {model:String} AND version = {version:String} AND baseline_id = {baseline_id:String}
        AND segment = {segment:String} AND (empty({fields:Array(String)}) OR field IN {fields:Array(String)})
        AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
    ORDER BY computed_at DESC
    LIMIT 1 BY field, window_start
) AS p
GROUP BY field
