-- Latency of the sampled requests, weighted by what they stand for.
-- Columns: time, median and 95th percentile in milliseconds.
SELECT
    $__timeInterval(ts) AS time,
    quantileExactWeighted(0.5)(latency_ms, toUInt64(ceil(weight))) AS median,
    quantileExactWeighted(0.95)(latency_ms, toUInt64(ceil(weight))) AS p95
FROM inference_events
WHERE model = ${model:singlequote} AND $__timeFilter(ts)
GROUP BY time
ORDER BY time
