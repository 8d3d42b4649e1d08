-- Newest decided finding of every field of one version against one baseline, before a window.
-- Parameters: model, version, baseline_id String; before DateTime64(3).
-- Columns: field; status; direction; effect in standard units; floor.
-- Windows with too few samples decide nothing and are passed over.
-- Reads findings by the prefix (model, version) of its key.
SELECT
    field,
    argMax(status, window_start) AS status,
    argMax(direction, window_start) AS direction,
    argMax(effect, window_start) AS effect,
    argMax(floor, window_start) AS floor
FROM findings FINAL
WHERE model = {model:String} AND version = {version:String} AND baseline_id = {baseline_id:String}
    AND window_start < {before:DateTime64(3, 'UTC')}
    AND status IN ('ok', 'watch', 'drifted')
GROUP BY field
