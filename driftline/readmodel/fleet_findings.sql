-- The strongest finding of each version whose newest closed window drifted or is on watch.
-- Parameters: model String, empty for all; since_ms Int64 Unix milliseconds: oldest window looked at.
-- Columns: one row a model and version. effect: standard units; evidence, threshold: standardised
--   deviations.
-- Reads findings by its key (model, version, window_start, field, segment, change), complete windows only. Windows in
--   which nothing moved are left out, so that a large healthy fleet costs next to nothing.
SELECT
    toString(model) AS model,
    toString(version) AS version,
    strongest.1 AS field,
    strongest.2 AS effect,
    strongest.3 AS evidence,
    strongest.4 AS threshold,
    strongest.5 AS status
FROM
(
    SELECT
        model,
        version,
        argMax(
            (field, effect, evidence, threshold, toString(status)),
            (status = 'drifted', status = 'watch', if(isFinite(evidence / threshold), abs(evidence) / threshold, 0))
        ) AS strongest
    FROM
    (
        -- The newest row of each finding; FINAL would merge the whole history first.
        SELECT model, version, field, segment, change, effect, evidence, threshold, status
        FROM findings
        WHERE (model, version, window_start) IN
        (
            SELECT model, version, newest
            FROM
            (
                SELECT
                    model,
                    version,
                    max(window_start) AS newest,
                    argMax(status, (window_start, computed_at)) AS newest_status
                FROM windows
                WHERE ({model:String} = '' OR model = {model:String})
                  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
                GROUP BY model, version
            )
            WHERE newest_status IN ('drifted', 'watch')
        )
        ORDER BY computed_at DESC
        LIMIT 1 BY model, version, field, segment, change
    )
    GROUP BY model, version
)
