-- Newest windows of every version of some models, newest first.
-- Parameters: models Array(String); windows UInt32, how many decided ones a version.
-- Columns: model; version; window_start; status. The newest window of each version comes whatever its status,
-- then only decided ones. Reads windows by the prefix (model) of its key.
SELECT toString(w.model) AS model, toString(version) AS version, window_start, toString(status) AS status
FROM (
    SELECT
        model, version, window_start, status,
        row_number() OVER (PARTITION BY model, version ORDER BY window_start DESC) AS age,
        sum(status IN ('ok', 'watch', 'drifted')) OVER (PARTITION BY model, version ORDER BY window_start DESC) AS decided
    FROM windows FINAL
    WHERE model IN {models:Array(String)}
) AS w
WHERE age = 1 OR (status IN ('ok', 'watch', 'drifted') AND decided <= {windows:UInt32})
ORDER BY model, window_start DESC, version
