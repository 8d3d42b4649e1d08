-- What is stored of a model's quality, to write only what changed.
-- Parameters: model, metric String; since DateTime64(3), first window start.
-- Columns: version; window_start; labelled; correct_weight; rows; baseline_value (0..1, NaN without one);
--   evidence, threshold in standard deviations; status.
-- Reads performance by the prefix (model) of its key.
SELECT toString(version) AS version, window_start, labelled, correct_weight, rows, baseline_value, evidence,
    threshold, toString(status) AS status
FROM performance FINAL
WHERE model = {model:String} AND metric = {metric:String} AND window_start >= {since:DateTime64(3, 'UTC')}
