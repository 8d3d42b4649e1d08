-- CPU and memory that the processes of models used, by bucket of time, model and instance.
-- Parameters: model String (empty: every model), since and until Float64 (epoch seconds; samples whose
--   interval ends in (since, until]), step Float64 (bucket length in seconds).
-- Columns: bucket (number of steps after since), model, instance, cpu_seconds (s), memory_byte_seconds
--   (bytes x s), measured_seconds (s that samples cover), first_at, last_at (epoch s), grades.
-- Reads cpu_samples by its key (model, ts).
SELECT
    toUInt32(greatest(0, ceil((toFloat64(ts) - {since:Float64}) / {step:Float64}) - 1)) AS bucket,
    model,
    instance,
    sum(cpu_samples.cpu_seconds) AS cpu_seconds,
    sum(memory_bytes * interval_seconds) AS memory_byte_seconds,
    sum(interval_seconds) AS measured_seconds,
    min(toFloat64(ts) - interval_seconds) AS first_at,
    max(toFloat64(ts)) AS last_at,
    groupUniqArray(toString(grade)) AS grades
FROM cpu_samples
WHERE ({model:String} = '' OR model = {model:String})
    AND ts > fromUnixTimestamp64Milli(toInt64({since:Float64} * 1000))
    AND ts <= fromUnixTimestamp64Milli(toInt64({until:Float64} * 1000))
GROUP BY bucket, model, instance
ORDER BY model, instance, bucket
