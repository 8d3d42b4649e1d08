-- Evidence of each field over what the false-alarm budget asks for.
-- Columns: time, field, strength (1 is enough).
SELECT window_start AS time, toString(field) AS field, max(abs(evidence) / threshold) AS strength
FROM findings FINAL
WHERE model = ${model:singlequote} AND $__timeFilter(window_start) AND segment = '' AND change IN ('', 'distribution') AND isFinite(evidence / threshold)
GROUP BY time, field
ORDER BY time, field
