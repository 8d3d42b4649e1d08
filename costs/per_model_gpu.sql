-- Card time that models used, by bucket of time, model, instance and device name.
-- A slice is the larger of its compute and memory shares; where the slices of a card at one moment sum
-- above 1 they are scaled to 1, so a shared card is never paid twice. Slices of which nothing is known
-- count no seconds and keep their grade; a share that is only the card's value copied is not known.
-- Parameters: model String (empty: every model), since and until Float64 (epoch seconds; samples whose
--   interval ends in (since, until]), step Float64 (bucket length in seconds).
-- Columns: bucket (number of steps after since), model, instance, device_name, gpu_seconds (whole-card
--   s), measured_slices (samples with a known share), first_at, last_at (epoch s), grades.
-- Reads gpu_shares over all models in its partitions, because a card's other users matter.
SELECT
    toUInt32(greatest(0, ceil((toFloat64(ts) - {since:Float64}) / {step:Float64}) - 1)) AS bucket,
    model,
    instance,
    device_name,
    sum(slice / greatest(1, of_card) * interval_seconds) AS gpu_seconds,
    countIf(known) AS measured_slices,
    min(toFloat64(ts) - interval_seconds) AS first_at,
    max(toFloat64(ts)) AS last_at,
    groupUniqArray(toString(grade)) AS grades
FROM
(
    SELECT
        ts, model, instance, device_name, interval_seconds, grade,
        isNaN(core_share) OR gpu_shares.grade = 'device-copied' AS no_core,
        isNaN(memory_share) OR gpu_shares.memory_grade = 'device-copied' AS no_memory,
        NOT (no_core AND no_memory) AS known,
        greatest(if(no_core, 0, core_share), if(no_memory, 0, memory_share)) AS slice,
        sum(slice) OVER (PARTITION BY node, device, ts) AS of_card
    FROM gpu_shares
    WHERE ts > fromUnixTimestamp64Milli(toInt64({since:Float64} * 1000))
        AND ts <= fromUnixTimestamp64Milli(toInt64({until:Float64} * 1000))
)
WHERE {model:String} = '' OR model = {model:String}
GROUP BY bucket, model, instance, device_name
ORDER BY model, instance, device_name, bucket
