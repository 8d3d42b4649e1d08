-- Largest change of each field against its baseline, by the version with most rows.
-- Columns: time, field, effect (standard units, signed).
SELECT window_start AS time, toString(field) AS field, argMax(findings.effect, rows) AS effect
FROM findings FINAL
WHERE model = ${model:singlequote} AND $__timeFilter(window_start) AND segment = '' AND change IN ('', 'distribution') AND isFinite(findings.effect)
GROUP BY time, field
ORDER BY time, field
