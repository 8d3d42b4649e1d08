-- What is stored of one field in a range of windows, a version and baseline.
-- Parameters: model, field, segment String; version String, empty for any; since, until DateTime64(3), the
--   half-open range of window starts.
-- Columns: version; baseline_id; kind; windows; first, the start of the first window; end, of the last one;
--   left_out, windows of the same version that have no profile over this baseline; most rows first.
-- Reads profiles by the prefix (model) of its key, the ranges of months by its partitions.
WITH stored AS (
    SELECT toString(p.version) AS version, baseline_id, toString(kind) AS kind, window_start, window_end, rows,
        computed_at
    FROM profiles AS p FINAL
    WHERE model = {model:String} AND field = {field:String} AND segment = {segment:String}
        AND ({version:String} = '' OR p.version = {version:String})
        AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
)
SELECT
    s.version AS version,
    s.baseline_id AS baseline_id,
    any(s.kind) AS kind,
    count() AS windows,
    min(s.window_start) AS first,
    max(s.window_end) AS end,
    any(v.windows) - count() AS left_out
FROM stored AS s
JOIN (SELECT version, uniqExact(window_start) AS windows FROM stored GROUP BY version) AS v
    ON s.version = v.version
GROUP BY version, baseline_id
ORDER BY sum(s.rows) DESC, max(s.computed_at) DESC, version, baseline_id
LIMIT 1
