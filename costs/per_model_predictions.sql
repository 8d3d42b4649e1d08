-- Predictions that were served, by bucket of time, model and instance, as the taps counted them.
-- Parameters: model String (empty: every model), since and until Float64 (epoch seconds; counted in
--   (since, until]), step Float64 (bucket length in seconds).
-- Columns: bucket (number of steps after since), model, instance, predictions (rows, not requests).
-- Reads coverage by its key (model, ts).
SELECT
    toUInt32(greatest(0, ceil((toFloat64(ts) - {since:Float64}) / {step:Float64}) - 1)) AS bucket,
    model,
    instance,
    sum(seen) AS predictions
FROM coverage
WHERE ({model:String} = '' OR model = {model:String})
    AND ts > fromUnixTimestamp64Milli(toInt64({since:Float64} * 1000))
    AND ts <= fromUnixTimestamp64Milli(toInt64({until:Float64} * 1000))
GROUP BY bucket, model, instance
ORDER BY model, instance, bucket
