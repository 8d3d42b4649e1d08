-- Every finding of one window of each version of a model, to see what carries a change.
-- Parameters: model String; versions Array(String), empty for any; at_ms Int64 Unix milliseconds: a moment in
--   the window, or -1 for the newest window that could be judged (the newest at all when none could).
-- Columns: one row a version, field, segment and change. window_status, window_reason: of the window as a
--   whole; evidence, threshold: standardised deviations, NaN where nothing was decided; carriers: of several
--   fields at once, shares of 1.
-- Reads windows by the prefix (model) of its key (model, version, window_start), then findings by (model,
--   version, window_start) of its key; only windows that are complete.
WITH chosen AS
(
    SELECT
        version,
        argMax(
            (window_start, toString(status), reason),
            (status IN ('ok', 'watch', 'drifted'), window_start)
        ) AS newest
    FROM windows FINAL
    WHERE model = {model:String}
      AND (empty({versions:Array(String)}) OR has({versions:Array(String)}, version))
      AND ({at_ms:Int64} < 0 OR (window_start <= fromUnixTimestamp64Milli({at_ms:Int64})
                                 AND window_end > fromUnixTimestamp64Milli({at_ms:Int64})))
    GROUP BY version
)
SELECT
    toString(found.version) AS version,
    found.window_start AS window_start,
    found.window_end AS window_end,
    chosen.newest.2 AS window_status,
    chosen.newest.3 AS window_reason,
    found.field AS field,
    toString(found.segment) AS segment,
    if(found.change = '', 'distribution', toString(found.change)) AS change,
    toString(found.status) AS status,
    found.evidence AS evidence,
    found.threshold AS threshold,
    found.direction AS direction,
    found.carriers AS carriers
FROM
(
    SELECT version, window_start, window_end, field, segment, change, status, evidence, threshold, direction,
        carriers
    FROM findings FINAL
    WHERE model = {model:String}
      AND (version, window_start) IN (SELECT version, newest.1 FROM chosen)
) AS found
INNER JOIN chosen ON chosen.version = found.version
ORDER BY window_start DESC, version DESC, field, segment, change
