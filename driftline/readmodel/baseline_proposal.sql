-- How many of a model's recent windows were clean against one baseline.
-- Parameters: model, baseline_id String; since DateTime64(3).
-- Columns: windows judged; clean of them (ok or watch); first, the start of the earliest.
-- Reads windows by the prefix (model) of its key.
SELECT
    count() AS windows,
    countIf(status IN ('ok', 'watch')) AS clean,
    minOrNull(window_start) AS first
FROM windows FINAL
WHERE model = {model:String} AND baseline_id = {baseline_id:String} AND rows > 0
    AND window_start >= {since:DateTime64(3, 'UTC')}
