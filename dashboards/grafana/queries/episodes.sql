-- Episodes of the model that were open in the range.
-- Columns: opened, resolved, kind, state, version, fields, summary.
SELECT
    opened_at AS "Opened",
    resolved_at AS "Resolved",
    kind AS "Kind",
    state AS "State",
    version AS "Version",
    arrayStringConcat(fields, ', ') AS "Fields",
    summary AS "Summary"
FROM episodes FINAL
WHERE model = ${model:singlequote}
  AND opened_at <= $__toTime
  AND (resolved_at IS NULL OR resolved_at >= $__fromTime)
ORDER BY opened_at DESC
