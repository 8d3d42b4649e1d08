-- Models that have labels.
-- Columns: model. Reads labels by the first column of its key.
SELECT DISTINCT toString(model) AS model
FROM labels
