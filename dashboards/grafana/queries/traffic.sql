-- Predictions a second: seen by the collectors, kept, and lost.
-- Columns: time, seen, kept, lost: predictions a second.
SELECT
    $__timeInterval(ts) AS time,
    sum(coverage.seen) / $__interval_s AS seen,
    sum(coverage.kept) / $__interval_s AS kept,
    sum(arraySum(mapValues(dropped))) / $__interval_s AS lost
FROM coverage
WHERE model = ${model:singlequote} AND $__timeFilter(ts)
GROUP BY time
ORDER BY time
