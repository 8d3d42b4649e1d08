-- The labelled sample that estimators of a baseline are fitted on.
-- Parameters: model, baseline_id String.
-- Columns: body, packed, as hexadecimal text (the driver takes strings for UTF-8).
-- Reads estimator_references by its key (model, baseline_id).
SELECT hex(body) AS body
FROM estimator_references FINAL
WHERE model = {model:String} AND baseline_id = {baseline_id:String}
