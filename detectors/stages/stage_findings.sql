-- What monitoring found about the models of a graph in a range, a row a column and kind of change.
-- Parameters: models Array(String); since, until DateTime64(3), half-open, on window starts.
-- Columns: model; field; role; change; worst, the worst status of its windows (drifted, watch or ok); effect, largest
--   of its drifted windows (of all, without such), in standard units; change_start, change_earliest,
--   change_latest, of the newest window that is drifted or on watch, null without; newest, start of that window.
-- Reads findings by the prefix (model) of its key.
WITH f.status IN ('drifted', 'watch') AS moved
SELECT
    toString(f.model) AS model,
    toString(f.field) AS field,
    toString(any(f.role)) AS role,
    toString(f.change) AS change,
    multiIf(countIf(f.status = 'drifted') > 0, 'drifted', countIf(f.status = 'watch') > 0, 'watch', 'ok') AS worst,
    if(
        countIf(moved) > 0,
        argMaxIf(f.effect, abs(f.effect), moved AND isFinite(f.effect)),
        argMaxIf(f.effect, abs(f.effect), isFinite(f.effect))
    ) AS effect,
    argMaxIf(f.change_start, f.window_start, moved) AS change_start,
    argMaxIf(f.change_earliest, f.window_start, moved) AS change_earliest,
    argMaxIf(f.change_latest, f.window_start, moved) AS change_latest,
    maxIf(f.window_start, moved) AS newest
FROM findings AS f FINAL
WHERE f.model IN {models:Array(String)} AND f.segment = '' AND f.status IN ('ok', 'watch', 'drifted')
    AND f.window_start >= {since:DateTime64(3, 'UTC')} AND f.window_start < {until:DateTime64(3, 'UTC')}
GROUP BY model, field, change
ORDER BY model, field, change
