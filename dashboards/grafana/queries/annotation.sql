-- Episodes of the model as regions on every time axis.
-- Columns: time, timeEnd, text, tags.
SELECT
    opened_at AS time,
    coalesce(resolved_at, now64(3)) AS timeEnd,
    summary AS text,
    concat(kind, ',', state) AS tags
FROM episodes FINAL
WHERE model = ${model:singlequote}
  AND opened_at <= $__toTime
  AND (resolved_at IS NULL OR resolved_at >= $__fromTime)
