-- Newest decided finding of every field of one version against one baseline, before a window.
-- Parameters: model, version, baseline_id String; before DateTime64(3).
-- Columns: field; status; direction; effect in standard units; floor.
-- Windows with too few samples decide nothing and are passed over.
-- Reads findings by the prefix (model, version) of its key.
SELECT
    f.field AS field,
    argMax(f.status, f.window_start) AS status,
    argMax(f.direction, f.window_start) AS direction,
    argMax(f.effect, f.window_start) AS effect,
    argMax(f.floor, f.window_start) AS floor
FROM findings AS f FINAL
WHERE f.model = {model:String} AND f.version = {version:String} AND f.baseline_id = {baseline_id:String}
    AND f.window_start < {before:DateTime64(3, 'UTC')}
    AND f.status IN ('ok', 'watch', 'drifted')
GROUP BY f.field
