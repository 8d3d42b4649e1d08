-- Fields that drifted in one window, strongest first.
-- Parameters: model, version String; window_start DateTime64(3).
-- Columns: field; segment (empty: all rows) and kind of change; reason; effect and
--   minimum_detectable_effect in standard units; evidence and threshold in standard deviations;
--   effective_rows; carriers, of several fields at once. Reads findings by its key (model, version, window_start).
SELECT
    field, toString(segment) AS segment, if(f.change = '', 'distribution', toString(f.change)) AS change,
    reason, effect, evidence, threshold, effective_rows, minimum_detectable_effect, carriers
FROM findings AS f FINAL
WHERE model = {model:String} AND version = {version:String}
    AND window_start = {window_start:DateTime64(3, 'UTC')} AND status = 'drifted'
ORDER BY if(threshold = 0, nan, evidence / threshold) DESC, field, segment, change
