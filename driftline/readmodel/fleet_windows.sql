-- The newest closed window of each version, and since when its status has been the same.
-- Parameters: model String, empty for all; since_ms Int64 Unix milliseconds: oldest window looked at.
-- Columns: one row a model and version; since: start of the first window of the unbroken run of the
--   newest status; last_rows_end: end of the newest window that had rows.
-- Reads windows by its key (model, version, window_start).
SELECT
    toString(model) AS model,
    toString(version) AS version,
    history[-1].1 AS newest_start,
    history[-1].2 AS newest_end,
    history[-1].3 AS status,
    history[-1].4 AS reason,
    history[-1].5 AS rows,
    history[-1].6 AS effective_rows,
    history[-1].7 AS drifted_fields,
    history[arrayLastIndex(w -> w.3 != history[-1].3, history) + 1].1 AS since,
    arrayMax(arrayMap(w -> if(w.5 > 0, w.2, toDateTime64(0, 3, 'UTC')), history)) AS last_rows_end
FROM
(
    SELECT
        model,
        version,
        arraySort(w -> w.1, groupArray((
            window_start, window_end, toString(status), reason, rows, effective_rows, drifted_fields
        ))) AS history
    FROM windows FINAL
    WHERE ({model:String} = '' OR model = {model:String})
      AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
    GROUP BY model, version
)
