-- The strongest finding of the newest closed window of each version.
-- Parameters: model String, empty for all; since_ms Int64 Unix milliseconds: oldest window looked at.
-- Columns: one row a model and version. effect: standard units; evidence, threshold: standardised
--   deviations; measured, failed: fields of the window.
-- Reads findings by its key (model, version, window_start, field), complete windows only.
SELECT
    toString(model) AS model,
    toString(version) AS version,
    strongest.1 AS field,
    strongest.2 AS effect,
    strongest.3 AS evidence,
    strongest.4 AS threshold,
    strongest.5 AS status,
    measured,
    failed
FROM
(
    SELECT
        model,
        version,
        argMax(
            (field, effect, evidence, threshold, toString(status)),
            (status = 'drifted', status = 'watch', if(isFinite(evidence / threshold), abs(evidence) / threshold, 0))
        ) AS strongest,
        count() AS measured,
        countIf(status = 'failed') AS failed
    FROM findings FINAL
    WHERE ({model:String} = '' OR model = {model:String})
      AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
      AND (model, version, window_start) IN
      (
          SELECT model, version, max(window_start)
          FROM windows
          WHERE ({model:String} = '' OR model = {model:String})
            AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
          GROUP BY model, version
      )
    GROUP BY model, version
)
