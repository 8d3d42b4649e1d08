-- Quality of the references of a model, of one or of all, the newest first.
-- Parameters: model String; baseline_id String, empty for all.
-- Columns: baseline_id; metric; segment; class_name; value, lower, upper in the metric's unit; labelled; details JSON.
-- Reads baseline_quality_figures by the prefix (model) of its key.
SELECT baseline_id, toString(metric) AS metric, toString(segment) AS segment, toString(class_name) AS class_name,
    value, lower, upper, labelled, details
FROM baseline_quality_figures FINAL
WHERE model = {model:String} AND ({baseline_id:String} = '' OR baseline_id = {baseline_id:String})
ORDER BY created_at DESC, metric, segment, class_name
