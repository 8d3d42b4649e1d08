-- CPU of the processes that serve the model, by instance.
-- Columns: time, instance, cores in use.
SELECT
    $__timeInterval(ts) AS time,
    toString(instance) AS instance,
    sum(cpu_seconds) / nullIf(sum(interval_seconds), 0) AS cores
FROM cpu_samples
WHERE model = ${model:singlequote} AND $__timeFilter(ts) AND grade != 'unavailable'
GROUP BY time, instance
ORDER BY time, instance
