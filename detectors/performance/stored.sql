-- What is stored of a model's quality, to write only what changed.
-- Parameters: model, metric String; since DateTime64(3), first window start.
-- Columns: version; window_start; labelled; correct_weight; status.
-- Reads performance by the prefix (model) of its key.
SELECT toString(version) AS version, window_start, labelled, correct_weight, status
FROM performance FINAL
WHERE model = {model:String} AND metric = {metric:String} AND window_start >= {since:DateTime64(3, 'UTC')}
