-- How far labels and events of models are joined.
-- Parameters: models Array(String), empty for all.
-- Columns: model; recipe; block numbers labels_done, labels_target; moments labels_reached, events_done,
--   events_target, events_reached.
-- Reads label_joins by its key (model, recipe).
SELECT toString(model) AS model, recipe, labels_done, labels_target, labels_reached, events_done, events_target,
    events_reached
FROM label_joins FINAL
WHERE empty({models:Array(String)}) OR model IN {models:Array(String)}
