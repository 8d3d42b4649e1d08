-- Newest windows of every version of a model, newest first.
-- Parameters: model String; windows UInt32, how many decided ones a version.
-- Columns: version; window_start; status. The newest window of each version comes whatever its status,
-- then only decided ones. Reads windows by the prefix (model) of its key.
SELECT toString(version) AS version, window_start, toString(status) AS status
FROM (
    SELECT
        version, window_start, status,
        row_number() OVER (PARTITION BY version ORDER BY window_start DESC) AS age,
        sum(status IN ('ok', 'watch', 'drifted')) OVER (PARTITION BY version ORDER BY window_start DESC) AS decided
    FROM windows FINAL
    WHERE model = {model:String}
)
WHERE age = 1 OR (status IN ('ok', 'watch', 'drifted') AND decided <= {windows:UInt32})
ORDER BY window_start DESC, version
