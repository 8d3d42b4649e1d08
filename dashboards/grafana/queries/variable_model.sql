-- Names of the registered models.
-- Columns: model.
SELECT DISTINCT model FROM contracts ORDER BY model
