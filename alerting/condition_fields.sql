-- Fields that drifted in some windows, strongest first within each.
-- Parameters: models, versions, starts Array(String), one a window; a start is an ISO 8601 moment.
-- Columns: model; version; window_start; field; segment (empty: all rows) and kind of change; reason; effect and
--   minimum_detectable_effect in standard units; evidence and threshold in standard deviations;
--   effective_rows; carriers, of several fields at once. Reads findings by its key (model, version, window_start).
SELECT
    toString(f.model) AS model, toString(f.version) AS version, f.window_start AS window_start,
    field, toString(segment) AS segment, if(f.change = '', 'distribution', toString(f.change)) AS change,
    reason, effect, evidence, threshold, effective_rows, minimum_detectable_effect, carriers
FROM findings AS f FINAL
WHERE (f.model, f.version, f.window_start) IN (
        SELECT arrayJoin(arrayZip(
            {models:Array(String)},
            {versions:Array(String)},
            arrayMap(start -> parseDateTime64BestEffort(start, 3, 'UTC'), {starts:Array(String)})
        )) AS asked
    )
    AND status = 'drifted'
ORDER BY model, version, window_start, if(threshold = 0, nan, evidence / threshold) DESC, field, segment, change
