-- Newest decided findings of models before a window, those that matter for the next decision: an open
-- change, or evidence that does not count from the beginning.
-- Parameters: models, baselines Array(String); since, before DateTime64(3), the half-open range of window
--   starts that is looked at.
-- Columns: model, version, baseline_id, segment, field, change; status; direction and effect (standard units)
--   of an open change's largest alarm; floor; change_start (null: none).
-- Windows with too few samples decide nothing and are passed over.
-- Reads findings by the prefix (model) of its key.
SELECT
    toString(f.model) AS model,
    toString(f.version) AS version,
    f.baseline_id AS baseline_id,
    toString(f.segment) AS segment,
    f.field AS field,
    if(f.change = '', 'distribution', toString(f.change)) AS change,
    newest.1 AS status,
    newest.2 AS direction,
    newest.3 AS effect,
    newest.4 AS floor,
    newest.5 AS change_start,
    argMax((toString(f.status), f.open_direction, f.open_effect, f.floor, f.change_start), (f.window_start, f.computed_at)) AS newest
FROM findings AS f
WHERE f.model IN {models:Array(String)} AND f.baseline_id IN {baselines:Array(String)}
    AND f.window_start >= {since:DateTime64(3, 'UTC')} AND f.window_start < {before:DateTime64(3, 'UTC')}
    AND f.status IN ('ok', 'watch', 'drifted')
GROUP BY f.model, f.version, f.baseline_id, f.segment, f.field, f.change
HAVING status = 'drifted' OR floor > toDateTime64(0, 3, 'UTC')
