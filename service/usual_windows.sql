-- The version of a model's newest window, and what its windows usually hold.
-- Parameters: model String; version String, empty for that of the newest window; windows UInt32, how many of
--   the newest windows are looked at.
-- Columns: at most one row: version; effective_rows, the median.
-- Reads windows by the prefix (model) of its key.
SELECT version, effective_rows
FROM (
    SELECT toString(version) AS version, quantileExact(0.5)(effective_rows) AS effective_rows, max(window_start) AS newest
    FROM (
        SELECT version, effective_rows, window_start
        FROM windows FINAL
        WHERE model = {model:String} AND ({version:String} = '' OR windows.version = {version:String})
        ORDER BY window_start DESC
        LIMIT {windows:UInt32}
    )
    GROUP BY version
)
ORDER BY newest DESC
LIMIT 1
