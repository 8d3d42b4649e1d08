-- The newest closed window of each model in the range, worst first, with its newest quality.
-- Columns: model, version, status, closed at, rows, effective rows, drifted fields, accuracy 0..1.
SELECT
    newest.model AS "Model",
    newest.version AS "Version",
    newest.status AS "Status",
    newest.closed AS "Closed",
    newest.rows AS "Rows",
    newest.effective_rows AS "Effective rows",
    newest.drifted AS "Drifted fields",
    quality.accuracy AS "Accuracy"
FROM
(
    SELECT
        model,
        argMax(version, window_start) AS version,
        argMax(status, window_start) AS status,
        max(window_end) AS closed,
        argMax(windows.rows, window_start) AS rows,
        argMax(windows.effective_rows, window_start) AS effective_rows,
        arrayStringConcat(argMax(drifted_fields, window_start), ', ') AS drifted
    FROM windows FINAL
    WHERE $__timeFilter(window_start)
    GROUP BY model
) AS newest
LEFT JOIN
(
    SELECT model, toNullable(argMax(value, window_start)) AS accuracy
    FROM performance FINAL
    WHERE $__timeFilter(window_start) AND metric = 'accuracy' AND segment = '' AND basis = '' AND class_name = '' AND status != 'insufficient_data'
    GROUP BY model
) AS quality ON quality.model = newest.model
ORDER BY indexOf(['drifted', 'failed', 'watch', 'no_baseline', 'insufficient_data', 'ok'], newest.status), newest.model
